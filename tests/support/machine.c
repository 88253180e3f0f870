/* What a machine can do to the program that runs on it, for `machine.py`, which preloads this (LD_PRELOAD).

   Everything is steered by a page of shared memory, so that it changes at once and without the program's
   doing. Files count where their path begins with FAULTS_FOLDER; everything else is left alone.

   Of what is written but not synced, the former content is kept beside it, in FAULTS_UNDO/NAME.undo, which
   is emptied when the file is synced. So a power cut can be played: the parts that no sync has covered
   are put back, some of them or all. A record is four 64-bit numbers (offset, bytes of former content, size
   of the file before, zero) and that content. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t clock_offset_ms; /* added to the time of day */
    int64_t write_errno;     /* what writing fails with; 0: it does not */
    int64_t sync_errno;      /* what syncing fails with */
    int64_t hold_sync;       /* while this is 1, nothing returns from syncing */
    int64_t syncs;           /* how often something was synced; told, not read */
    int64_t held;            /* how many wait in a held sync; told, not read */
};

static volatile struct control *control;
static const char *folder, *undo_folder;
static size_t folder_length;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void set_up(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    folder = getenv("FAULTS_FOLDER");
    undo_folder = getenv("FAULTS_UNDO");
    const char *path = getenv("FAULTS_CONTROL");
    if (folder == NULL || path == NULL)
        return;
    folder_length = strlen(folder);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        control = page;
}

/* Whether `file` lies in the folder; its path goes to `path`. */
static int concerns(int file, char *path) {
    if (control == NULL)
        return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, folder, folder_length) == 0 && path[folder_length] == '/';
}

static int open_undo(const char *path, int flags) {
    char undo[PATH_MAX + 16];
    snprintf(undo, sizeof undo, "%s/%s.undo", undo_folder, strrchr(path, '/') + 1);
    return open(undo, flags | O_CLOEXEC, 0600);
}

/* Keeps what the file holds from `offset` on, before `size` bytes of it change. */
static void remember(int file, const char *path, off_t offset, size_t size) {
    if (undo_folder == NULL)
        return;
    struct stat state;
    if (fstat(file, &state) != 0)
        return;
    int undo = open_undo(path, O_WRONLY | O_CREAT | O_APPEND);
    if (undo < 0)
        return;
    size_t former = offset >= state.st_size ? 0 : (size_t)(state.st_size - offset);
    if (former > size)
        former = size;
    int64_t *record = malloc(4 * sizeof(int64_t) + former);
    if (record != NULL) {
        int reader = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = reader < 0 ? 0 : pread(reader, record + 4, former, offset);
        if (reader >= 0)
            close(reader);
        record[0] = offset;
        record[1] = got < 0 ? 0 : got;
        record[2] = state.st_size;
        record[3] = 0;
        if (real_write(undo, record, 4 * sizeof(int64_t) + record[1]) < 0)
            abort();
        free(record);
    }
    close(undo);
}

static int fails(int64_t with) {
    if (with == 0)
        return 0;
    errno = (int)with;
    return 1;
}

ssize_t pwrite64(int file, const void *data, size_t size, off_t offset) {
    char path[PATH_MAX];
    if (!concerns(file, path))
        return real_pwrite(file, data, size, offset);
    if (fails(control->write_errno))
        return -1;
    pthread_mutex_lock(&lock);
    remember(file, path, offset, size);
    ssize_t written = real_pwrite(file, data, size, offset);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
    return pwrite64(file, data, size, offset);
}

ssize_t write(int file, const void *data, size_t size) {
    char path[PATH_MAX];
    if (!concerns(file, path))
        return real_write(file, data, size);
    if (fails(control->write_errno))
        return -1;
    pthread_mutex_lock(&lock);
    remember(file, path, lseek(file, 0, SEEK_CUR), size);
    ssize_t written = real_write(file, data, size);
    pthread_mutex_unlock(&lock);
    return written;
}

int ftruncate64(int file, off_t size) {
    char path[PATH_MAX];
    struct stat state;
    if (!concerns(file, path) || fstat(file, &state) != 0)
        return real_ftruncate(file, size);
    if (fails(control->write_errno))
        return -1;
    pthread_mutex_lock(&lock);
    remember(file, path, size, state.st_size > size ? (size_t)(state.st_size - size) : 0);
    int done = real_ftruncate(file, size);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int sync_with(int (*sync)(int), int file) {
    char path[PATH_MAX];
    if (!concerns(file, path))
        return sync(file);
    if (control->hold_sync) {
        __atomic_add_fetch(&control->held, 1, __ATOMIC_SEQ_CST);
        while (control->hold_sync)
            usleep(200);
        __atomic_sub_fetch(&control->held, 1, __ATOMIC_SEQ_CST);
    }
    if (fails(control->sync_errno))
        return -1;
    pthread_mutex_lock(&lock);
    int done = sync(file);
    if (done == 0 && undo_folder != NULL) {
        int undo = open_undo(path, O_WRONLY);
        if (undo >= 0) {
            if (real_ftruncate(undo, 0) != 0)
                abort();
            close(undo);
        }
    }
    pthread_mutex_unlock(&lock);
    __atomic_add_fetch(&control->syncs, 1, __ATOMIC_SEQ_CST);
    return done;
}

int fsync(int file) { return sync_with(real_fsync, file); }

int fdatasync(int file) { return sync_with(real_fdatasync, file); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = (int)syscall(SYS_clock_gettime, clock, now);
    if (done == 0 && clock == CLOCK_REALTIME && control != NULL) {
        int64_t offset = control->clock_offset_ms;
        now->tv_sec += offset / 1000;
        now->tv_nsec += offset % 1000 * 1000000;
        if (now->tv_nsec >= 1000000000) {
            now->tv_nsec -= 1000000000;
            now->tv_sec++;
        } else if (now->tv_nsec < 0) {
            now->tv_nsec += 1000000000;
            now->tv_sec--;
        }
    }
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int done = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return done;
}

time_t time(time_t *also) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (also != NULL)
        *also = precise.tv_sec;
    return precise.tv_sec;
}
