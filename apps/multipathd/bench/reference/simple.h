/* The other reference: one system call per packet and direction, without offloads and batches. */
#ifndef REF_SIMPLE_H
#define REF_SIMPLE_H

/* Forwards between the two until the process is ended. */
void ref_simple(int tun, int socket);

#endif
