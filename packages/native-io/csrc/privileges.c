#include "privileges.h"

#include <errno.h>

#include "value.h"

enum { USER_NAME_BYTES = 64 };

#ifdef __linux__

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first step that failed ends a function. */
#define STEP(name, call) \
  if ((call) != 0) return (mp_failure){name, errno}

static const mp_failure NO_FAILURE = {0};

/*
 * Capabilities belong to threads, and capset knows only its own. The others lose theirs all the same: the C library
 * makes every thread change its user, the kernel takes all capabilities from a thread that leaves root, and
 * PR_SET_KEEPCAPS is an exception for the calling thread alone.
 */
static mp_failure become(const struct passwd *user) {
  STEP("setgroups", setgroups(0, NULL));
  STEP("setresgid", setresgid(user->pw_gid, user->pw_gid, user->pw_gid));
  STEP("PR_SET_KEEPCAPS", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
  STEP("setresuid", setresuid(user->pw_uid, user->pw_uid, user->pw_uid));
  STEP("PR_SET_KEEPCAPS", prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0));
  return NO_FAILURE;
}

/* Keeps of `wanted` what there is. CAP_NET_ADMIN goes on to children, for `ip`: they inherit nothing else. */
static mp_failure limit_capabilities(uint32_t wanted) {
  const uint32_t net_admin = 1u << CAP_NET_ADMIN;
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
  STEP("capget", syscall(SYS_capget, &header, sets));
  uint32_t kept = sets[0].permitted & wanted;
  sets[0] = (struct __user_cap_data_struct){kept, kept, kept & net_admin};
  sets[1] = (struct __user_cap_data_struct){0};
  STEP("capset", syscall(SYS_capset, &header, sets));
  if (kept & net_admin) STEP("PR_CAP_AMBIENT", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0));
  return NO_FAILURE;
}

/*
 * No set-user-ID program gives anything back. PR_SET_NO_NEW_PRIVS knows only its own thread too, but the kernel hands
 * it on with a filter that is set for all threads; this one allows every call.
 */
static mp_failure forbid_new_privileges(void) {
  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {.len = 1, .filter = &allow};
  const unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  STEP("PR_SET_NO_NEW_PRIVS", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  errno = EBUSY; /* where a number of a thread that has a filter of its own is returned instead */
  STEP("seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
  return NO_FAILURE;
}

static mp_failure drop_privileges(const char *name, bool keep_net_raw) {
  const struct passwd *user = getpwnam(name);
  if (user == NULL) return (mp_failure){"getpwnam", ENOENT};
  if (user->pw_uid == 0) return (mp_failure){"getpwnam", EINVAL};
  mp_failure failure = become(user);
  if (failure.step == NULL) failure = limit_capabilities(1u << CAP_NET_ADMIN | (keep_net_raw ? 1u << CAP_NET_RAW : 0));
  if (failure.step == NULL) failure = forbid_new_privileges();
  return failure;
}

#else

static mp_failure drop_privileges(const char *name, bool keep_net_raw) {
  (void)name, (void)keep_net_raw;
  return (mp_failure){"dropPrivileges", ENOTSUP};
}

#endif

napi_value mp_drop_privileges(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2, length = 0;
  char user[USER_NAME_BYTES];
  bool keep_net_raw = false;
  if (!mp_ok(env, napi_get_cb_info(env, info, &count, args, NULL, NULL))) return NULL;
  if (!mp_ok(env, napi_get_value_string_utf8(env, args[0], user, sizeof user, &length))) return NULL;
  if (!mp_ok(env, napi_get_value_bool(env, args[1], &keep_net_raw))) return NULL;
  mp_failure failure = drop_privileges(user, keep_net_raw);
  return failure.step == NULL ? NULL : mp_throw_failure(env, failure);
}
