/*
 * The few functions of libuv that are used, declared by hand.
 *
 * Every node binary exports libuv's symbols, but its headers are not part of node-api-headers. The functions and the
 * numbers below have been stable since libuv 1.0; handles are allocated by uv_handle_size, so no layout is assumed.
 */
#ifndef MP_UV_ABI_H
#define MP_UV_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
struct uv_loop_s;

typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);
typedef void (*uv_close_cb)(uv_handle_t *handle);

enum { MP_UV_POLL = 8 };                          /* uv_handle_type */
enum { MP_UV_READABLE = 1, MP_UV_WRITABLE = 2 };  /* uv_poll_event */

size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
int uv_poll_stop(uv_poll_t *handle);
void uv_close(uv_handle_t *handle, uv_close_cb callback);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void *uv_handle_get_data(const uv_handle_t *handle);
uint64_t uv_hrtime(void);

#endif
