/* What SQLite itself can do: the library that the process uses, loaded by path, and nothing between it and the loop.
 *
 *   climit append LIB DB PRAGMAS EVENTS PER_COMMIT STREAMS PER_STREAM NAMES
 *   climit read   LIB DB PRAGMAS
 *   climit stream LIB DB PRAGMAS STREAMS READS
 *
 * The database has the tables of NaiveSchema.cs already. PER_STREAM consecutive events go to one stream before the next.
 * NAMES is "short" (order-0000042) or "guid". Each prints events per second and bytes given to write calls per event. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, ROW = 100, DONE = 101, READWRITE_CREATE_NOMUTEX = 0x2 | 0x4 | 0x8000, PERSISTENT = 1 };
enum { SLAB = 1 << 16, SLABS_KEPT = 64 };

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt statement;

static struct {
  int (*open_v2)(const char *, sqlite3 **, int, const char *);
  int (*exec)(sqlite3 *, const char *, void *, void *, char **);
  int (*prepare_v3)(sqlite3 *, const char *, int, unsigned, statement **, const char **);
  int (*step)(statement *);
  int (*reset)(statement *);
  int (*finalize)(statement *);
  int (*close_v2)(sqlite3 *);
  int (*bind_int64)(statement *, int, int64_t);
  int (*bind_text)(statement *, int, const char *, int, void *);
  int (*bind_blob)(statement *, int, const void *, int, void *);
  int64_t (*column_int64)(statement *, int);
  const void *(*column_blob)(statement *, int);
  const void *(*column_text)(statement *, int);
  int (*column_bytes)(statement *, int);
  const char *(*errmsg)(sqlite3 *);
} sqlite;

static sqlite3 *db;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, db ? sqlite.errmsg(db) : "");
  exit(1);
}

static void expect(int code, int expected, const char *what) {
  if (code != expected) fail(what);
}

static void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (!found) fail(name);
  return found;
}

static void load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail(dlerror());
#define LOAD(name) *(void **)&sqlite.name = symbol(library, "sqlite3_" #name)
  LOAD(open_v2); LOAD(exec); LOAD(prepare_v3); LOAD(step); LOAD(reset); LOAD(finalize); LOAD(close_v2);
  LOAD(bind_int64); LOAD(bind_text); LOAD(bind_blob);
  LOAD(column_int64); LOAD(column_blob); LOAD(column_text); LOAD(column_bytes); LOAD(errmsg);
#undef LOAD
}

static void open_database(const char *path, const char *pragmas) {
  expect(sqlite.open_v2(path, &db, READWRITE_CREATE_NOMUTEX, NULL), OK, path);
  expect(sqlite.exec(db, pragmas, NULL, NULL, NULL), OK, pragmas);
}

static statement *prepare(const char *sql) {
  statement *s;
  expect(sqlite.prepare_v3(db, sql, -1, PERSISTENT, &s, NULL), OK, sql);
  return s;
}

static void run(statement *s) {
  expect(sqlite.step(s), DONE, "step");
  sqlite.reset(s);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t bytes_written(void) {
  char line[128];
  long long found = 0;
  FILE *io = fopen("/proc/self/io", "r");
  if (!io) return 0;
  while (fgets(line, sizeof line, io) && sscanf(line, "wchar: %lld", &found) != 1) {}
  fclose(io);
  return found;
}

static void report(int64_t events, double since, int64_t written_before) {
  double took = seconds() - since;
  printf("%.3f %.3f\n", (double)events / took, (double)(bytes_written() - written_before) / (double)events);
}

/* SplitMix64, as Sample.cs has it. */
static uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

static int name_of(char *name, uint64_t stream, int as_guid) {
  if (!as_guid) return sprintf(name, "order-%07llu", (unsigned long long)stream);
  uint64_t a = mix(stream * 2), b = mix(stream * 2 + 1);
  return sprintf(name, "order-%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
                 (unsigned)a & 0xffff, (unsigned)(b >> 48), (unsigned long long)(b & 0xffffffffffffull));
}

static void append(int64_t events, int64_t per_commit, int64_t streams, int64_t per_stream, int as_guid) {
  statement *insert = prepare("INSERT INTO events (stream, version, id, type, time, data, metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  statement *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
  char data[200], metadata[100];
  memset(data, 'd', sizeof data);
  memset(metadata, 'm', sizeof metadata);
  char(*names)[64] = malloc((size_t)streams * sizeof *names);
  int *lengths = malloc((size_t)streams * sizeof *lengths);
  int64_t *versions = calloc((size_t)streams, sizeof *versions);
  if (!names || !lengths || !versions) fail("memory");
  for (int64_t i = 0; i < streams; i++) lengths[i] = name_of(names[i], (uint64_t)i, as_guid);
  int64_t written = bytes_written();
  double start = seconds();
  for (int64_t i = 0; i < events; i++) {
    if (per_commit > 1 && i % per_commit == 0) run(begin);
    int64_t stream = i / per_stream % streams;
    uint64_t id[2] = {mix((uint64_t)i), mix((uint64_t)i + 7)};
    sqlite.bind_text(insert, 1, names[stream], lengths[stream], NULL);
    sqlite.bind_int64(insert, 2, ++versions[stream]);
    sqlite.bind_blob(insert, 3, id, sizeof id, NULL);
    sqlite.bind_text(insert, 4, "OrderPlaced", 11, NULL);
    sqlite.bind_int64(insert, 5, 1700000000000 + i);
    sqlite.bind_blob(insert, 6, data, sizeof data, NULL);
    sqlite.bind_blob(insert, 7, metadata, sizeof metadata, NULL);
    run(insert);
    if (per_commit > 1 && (i + 1) % per_commit == 0) run(commit);
  }
  report(events, start, written);
  sqlite.finalize(insert);
  sqlite.finalize(begin);
  sqlite.finalize(commit);
}

struct event {
  int64_t position, version, time;
  const char *stream, *type, *data, *metadata;
  int stream_length, type_length, data_length, metadata_length;
  unsigned char id[16];
};

static char *slabs[SLABS_KEPT];
static int slab_number;
static size_t slab_used = SLAB;
static volatile int64_t sink;

/* Rows are copied out, as a reader must that hands them on; the last slabs are kept, as if somebody still held them. */
static const char *copy(statement *s, int column, int as_text, int *length) {
  const void *from = as_text ? sqlite.column_text(s, column) : sqlite.column_blob(s, column);
  *length = sqlite.column_bytes(s, column);
  if (slab_used + (size_t)*length > SLAB) {
    slab_number = (slab_number + 1) % SLABS_KEPT;
    free(slabs[slab_number]);
    slabs[slab_number] = malloc(SLAB);
    slab_used = 0;
  }
  char *to = slabs[slab_number] + slab_used;
  memcpy(to, from, (size_t)*length);
  slab_used += (size_t)*length;
  return to;
}

static int64_t read_rows(statement *s) {
  int64_t count = 0, sum = 0;
  int code;
  for (; (code = sqlite.step(s)) == ROW; count++) {
    struct event e;
    e.position = sqlite.column_int64(s, 0);
    e.stream = copy(s, 1, 1, &e.stream_length);
    e.version = sqlite.column_int64(s, 2);
    memcpy(e.id, sqlite.column_blob(s, 3), sizeof e.id);
    e.type = copy(s, 4, 1, &e.type_length);
    e.time = sqlite.column_int64(s, 5);
    e.data = copy(s, 6, 0, &e.data_length);
    e.metadata = copy(s, 7, 0, &e.metadata_length);
    sum += e.position + e.version + e.time + e.id[0] + e.stream_length + e.type_length + e.data_length + e.metadata_length;
  }
  expect(code, DONE, "step");
  sqlite.reset(s);
  sink += sum;
  return count;
}

#define COLUMNS "SELECT position, stream, version, id, type, time, data, metadata FROM events "

static void read_all(void) {
  statement *s = prepare(COLUMNS "WHERE position > ?1 ORDER BY position");
  sqlite.bind_int64(s, 1, 0);
  double start = seconds();
  report(read_rows(s), start, bytes_written());
  sqlite.finalize(s);
}

static void read_streams(uint64_t streams, int reads) {
  statement *s = prepare(COLUMNS "WHERE stream = ?1 AND version > ?2 ORDER BY version");
  char name[64];
  int64_t count = 0;
  double start = 0;
  for (int pass = 0; pass < 2; pass++) { /* the first pass warms the connection's cache */
    count = 0;
    start = seconds();
    for (int i = 0; i < reads; i++) {
      int length = name_of(name, mix((uint64_t)i) % streams, 0);
      sqlite.bind_text(s, 1, name, length, NULL);
      sqlite.bind_int64(s, 2, 0);
      count += read_rows(s);
    }
  }
  report(count, start, bytes_written());
  sqlite.finalize(s);
}

int main(int count, char **arguments) {
  if (count < 5) return 2;
  load(arguments[2]);
  open_database(arguments[3], arguments[4]);
  if (!strcmp(arguments[1], "append") && count == 10)
    append(atoll(arguments[5]), atoll(arguments[6]), atoll(arguments[7]), atoll(arguments[8]), !strcmp(arguments[9], "guid"));
  else if (!strcmp(arguments[1], "read"))
    read_all();
  else if (!strcmp(arguments[1], "stream") && count == 7)
    read_streams((uint64_t)atoll(arguments[5]), atoi(arguments[6]));
  else
    return 2;
  sqlite.close_v2(db);
  return 0;
}
