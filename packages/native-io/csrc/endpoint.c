#include "endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A device that was silent for so long is not in the middle of anything. */
enum { PAUSE_NS = 500000 };

static void on_event(uv_poll_t *poll, int status, int events);

/* Tells libuv what is wanted. A handle that libuv stopped by itself has armed == 0. */
static void rearm(mp_endpoint *endpoint) {
  if (endpoint->closed || endpoint->armed == endpoint->wanted) return;
  endpoint->armed = endpoint->wanted;
  if (endpoint->wanted == 0)
    uv_poll_stop(endpoint->poll);
  else
    uv_poll_start(endpoint->poll, endpoint->wanted, on_event);
}

/*
 * One call into JavaScript per wake-up, with what is ready and how many rows were filled. In a callback scope: without one
 * what handlers leave to microtasks and ticks waits for the next event of somebody else, from Node 26 on.
 */
static void call_ready(mp_endpoint *endpoint, int events, int32_t received) {
  napi_env env = endpoint->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, arguments[2], result;
  /* The function is also its own receiver: it needs none, and any object will do. */
  if (napi_get_reference_value(env, endpoint->on_ready, &callback) == napi_ok &&
      napi_create_int32(env, events, &arguments[0]) == napi_ok &&
      napi_create_int32(env, received, &arguments[1]) == napi_ok &&
      napi_make_callback(env, endpoint->async, callback, callback, 2, arguments, &result) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

static void release(mp_endpoint *endpoint) {
  if (--endpoint->holders > 0) return;
  free(endpoint->poll);
  endpoint->operations->destroy(endpoint);
}

/* Reads what JavaScript has made rows ready for, so that it need not call back. */
static int32_t receive_ahead(mp_endpoint *endpoint) {
  uint64_t now_ns = uv_hrtime();
  endpoint->rested = now_ns - endpoint->woken_ns > PAUSE_NS;
  endpoint->woken_ns = now_ns;
  int32_t ready = endpoint->state[MP_STATE_READY];
  return ready > 0 ? mp_endpoint_receive(endpoint, (uint32_t)ready) : 0;
}

static void on_event(uv_poll_t *poll, int status, int events) {
  mp_endpoint *endpoint = uv_handle_get_data((uv_handle_t *)poll);
  if (status < 0) {
    /* A pending error stops the handle, and reading or sending fetches it: say that all that is awaited is there. */
    endpoint->armed = 0;
    events = endpoint->wanted;
  }
  /* Writable is asked for once, by a send that left something behind. */
  if (events & MP_UV_WRITABLE) endpoint->wanted &= ~MP_UV_WRITABLE;
  int32_t received = events & MP_UV_READABLE ? receive_ahead(endpoint) : 0;
  call_ready(endpoint, events, received); /* may close; the memory lives on until on_closed */
  rearm(endpoint);
}

static void on_closed(uv_handle_t *handle) {
  mp_endpoint *endpoint = uv_handle_get_data(handle);
  napi_remove_async_cleanup_hook(endpoint->cleanup);
  release(endpoint);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  mp_endpoint_close(data);
}

static void on_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  release(data);
}

void mp_endpoint_want(mp_endpoint *endpoint, int events) {
  endpoint->wanted |= events;
  rearm(endpoint);
}

int32_t mp_endpoint_receive(mp_endpoint *endpoint, uint32_t rows) {
  if (rows > endpoint->rows.capacity) rows = endpoint->rows.capacity;
  endpoint->state[MP_STATE_EVENTS] = 0;
  return rows > 0 ? endpoint->operations->receive(endpoint, rows) : endpoint->operations->discard(endpoint);
}

void mp_endpoint_close(mp_endpoint *endpoint) {
  if (endpoint->closed) return;
  endpoint->closed = true;
  /* References end here and not in on_closed: at the end of a worker the environment is gone by then. */
  napi_delete_reference(endpoint->env, endpoint->on_ready);
  napi_delete_reference(endpoint->env, endpoint->config);
  napi_async_destroy(endpoint->env, endpoint->async);
  uv_poll_stop(endpoint->poll);
  close(endpoint->fd);
  uv_close((uv_handle_t *)endpoint->poll, on_closed);
}

static bool map_memory(napi_env env, mp_endpoint *endpoint, napi_value config) {
  size_t words = 0, counters = 0, state = 0;
  endpoint->arena = mp_array_of(env, mp_property(env, config, "arena"), napi_uint8_array, &endpoint->arena_bytes);
  endpoint->rows.table = mp_array_of(env, mp_property(env, config, "table"), napi_int32_array, &words);
  endpoint->rows.capacity = (uint32_t)(words / MP_COLUMNS);
  endpoint->counters = mp_array_of(env, mp_property(env, config, "counters"), napi_float64_array, &counters);
  endpoint->state = mp_array_of(env, mp_property(env, config, "state"), napi_int32_array, &state);
  return endpoint->arena != NULL && endpoint->rows.table != NULL && endpoint->counters != NULL &&
         counters >= MP_COUNTERS && endpoint->state != NULL && state >= MP_STATE_WORDS;
}

static bool make_references(napi_env env, mp_endpoint *endpoint, napi_value config) {
  napi_value name;
  return mp_ok(env, napi_create_string_utf8(env, "mp_native_io", NAPI_AUTO_LENGTH, &name)) &&
         mp_ok(env, napi_async_init(env, NULL, name, &endpoint->async)) &&
         mp_ok(env, napi_create_reference(env, mp_property(env, config, "onReady"), 1, &endpoint->on_ready)) &&
         mp_ok(env, napi_create_reference(env, config, 1, &endpoint->config));
}

static mp_failure start_polling(napi_env env, mp_endpoint *endpoint) {
  struct uv_loop_s *loop = NULL;
  endpoint->poll = malloc(uv_handle_size(MP_UV_POLL));
  if (endpoint->poll == NULL) return (mp_failure){"malloc", ENOMEM};
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return (mp_failure){"uv_event_loop", EINVAL};
  int status = uv_poll_init(loop, endpoint->poll, endpoint->fd); /* makes the descriptor non-blocking */
  if (status < 0) return (mp_failure){"uv_poll_init", -status};
  uv_handle_set_data((uv_handle_t *)endpoint->poll, endpoint);
  return (mp_failure){NULL, 0};
}

/* Undoes an attach that did not get as far as uv_poll_init. */
static napi_value abandon(mp_endpoint *endpoint) {
  close(endpoint->fd);
  free(endpoint->poll);
  endpoint->operations->destroy(endpoint);
  return NULL;
}

napi_value mp_endpoint_attach(napi_env env, mp_endpoint *endpoint, napi_value config) {
  endpoint->env = env;
  if (!map_memory(env, endpoint, config)) {
    napi_throw_type_error(env, NULL, "arena, table, counters or state is missing or of the wrong type or size");
    return abandon(endpoint);
  }
  mp_failure failure = start_polling(env, endpoint);
  if (failure.step != NULL) {
    mp_throw_failure(env, failure);
    return abandon(endpoint);
  }
  napi_value value;
  endpoint->holders = 1; /* the libuv handle */
  napi_add_async_cleanup_hook(env, on_cleanup, endpoint, &endpoint->cleanup);
  if (!make_references(env, endpoint, config) ||
      !mp_ok(env, napi_create_external(env, endpoint, on_finalize, NULL, &value))) {
    mp_endpoint_close(endpoint);
    return NULL;
  }
  endpoint->holders++; /* the JavaScript value */
  return value;
}

mp_endpoint *mp_endpoint_of(napi_env env, napi_value value) {
  void *data = NULL;
  if (value == NULL || napi_get_value_external(env, value, &data) != napi_ok || data == NULL) {
    napi_throw_type_error(env, NULL, "not a native endpoint");
    return NULL;
  }
  mp_endpoint *endpoint = data;
  if (!endpoint->closed) return endpoint;
  napi_throw_error(env, "MP_CLOSED", "the native endpoint is closed");
  return NULL;
}

void mp_note_event(mp_endpoint *endpoint, int32_t peer, int code) {
  int32_t count = endpoint->state[MP_STATE_EVENTS];
  int32_t *pairs = endpoint->state + MP_STATE_EVENT_PAIRS;
  if (count >= MP_MAX_EVENTS) return;
  if (count > 0 && pairs[2 * count - 2] == peer && pairs[2 * count - 1] == code) return;
  pairs[2 * count] = peer;
  pairs[2 * count + 1] = code;
  endpoint->state[MP_STATE_EVENTS] = count + 1;
}
