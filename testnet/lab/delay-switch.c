/*
 * A network between Linux network namespaces, for the lab (testnet/lab): each namespace gets a TUN interface, and this
 * program passes packets between them, later by the delay of the pair, with jitter, loss and a rate of each sender.
 * It stands in for netem where the kernel has none. The lab compiles it with cc when it runs.
 *
 *   delay-switch switch DEVICE NAMESPACE...
 *       Host 0, 1, ... are the namespaces in order; host H has the address 10.77.H.1, interface DEVICE.
 *       Commands, one a line, on standard input; the program ends with it:
 *         link FROM TO DELAY_US JITTER_US LOSS_PPM   packets from FROM to TO; at first 0 0 0
 *         rate HOST KBIT                             what HOST may send, 0 for no limit
 *         count                                      prints 'count FROM TO PACKETS BYTES DROPPED' a pair with traffic, 'end'
 *       Prints 'ready' when all interfaces are up.
 *
 *   delay-switch ping COUNT GAP_US NAMESPACE...
 *       ICMP echo between all pairs of hosts, COUNT rounds; prints 'ping FROM TO RECEIVED MIN_US MEDIAN_US' a pair.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_HOSTS = 251, MAX_PACKET = 65536, BURST = 64, MAX_QUEUE_US = 200000, MAX_HELD = 400000 };

typedef struct {
  int64_t delay_us, jitter_us, loss_ppm;
  /* A packet never overtakes an earlier one of its pair: jitter would look like loss to TCP. */
  int64_t last_arrival_us;
  uint64_t packets, bytes, dropped;
} Link;

typedef struct {
  int fd;
  int64_t bits_per_ms;
  /* When the sender's line is free again. */
  int64_t free_us;
} Host;

typedef struct {
  int64_t arrival_us;
  uint64_t order;
  int to;
  uint32_t length;
  uint8_t *bytes;
} Packet;

static Host hosts[MAX_HOSTS];
static int host_count;
static Link *links;
static Packet *heap;
static size_t held, room;
static uint64_t pushed;

static void fail(const char *what) {
  fprintf(stderr, "delay-switch: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static Link *link_of(int from, int to) { return &links[from * host_count + to]; }

static void enter(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) fail(path);
  close(fd);
}

/* ---- packets that wait for their time: a binary heap, the earliest first ---- */

static int is_before(const Packet *a, const Packet *b) {
  return a->arrival_us != b->arrival_us ? a->arrival_us < b->arrival_us : a->order < b->order;
}

static void hold(Packet packet) {
  if (held == room) {
    room = room ? room * 2 : 1024;
    heap = realloc(heap, room * sizeof *heap);
    if (heap == NULL) fail("memory");
  }
  size_t index = held++;
  while (index > 0 && is_before(&packet, &heap[(index - 1) / 2])) {
    heap[index] = heap[(index - 1) / 2];
    index = (index - 1) / 2;
  }
  heap[index] = packet;
}

static Packet take_first(void) {
  Packet first = heap[0], last = heap[--held];
  size_t index = 0;
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= held) break;
    if (child + 1 < held && is_before(&heap[child + 1], &heap[child])) child++;
    if (!is_before(&heap[child], &last)) break;
    heap[index] = heap[child];
    index = child;
  }
  heap[index] = last;
  return first;
}

/* ---- the switch ---- */

static int open_tun(const char *device) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("/dev/net/tun");
  struct ifreq request = {0};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
  if (ioctl(fd, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
  return fd;
}

static void bring_up(const char *device) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {0};
  snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail(device);
  close(fd);
}

static void set_address(const char *device, int host) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {0};
  struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
  snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(0x0a4d0001u | (uint32_t)host << 8);
  if (ioctl(fd, SIOCSIFADDR, &request) < 0) fail("address");
  address->sin_addr.s_addr = htonl(0xffff0000u);
  if (ioctl(fd, SIOCSIFNETMASK, &request) < 0) fail("netmask");
  request.ifr_qlen = 2000;
  if (ioctl(fd, SIOCSIFTXQLEN, &request) < 0) fail("queue length");
  close(fd);
  bring_up(device);
}

/* Decides when a packet arrives, or that it does not. */
static void forward(int from, uint8_t *bytes, ssize_t length) {
  if (length < (ssize_t)sizeof(struct ip) || bytes[0] >> 4 != 4 || bytes[16] != 10 || bytes[17] != 77) return;
  int to = bytes[18];
  if (to >= host_count || to == from) return;
  Link *link = link_of(from, to);
  Host *sender = &hosts[from];
  int64_t now = now_us(), leaves = now;
  if (sender->bits_per_ms > 0) {
    int64_t starts = sender->free_us > now ? sender->free_us : now;
    if (starts - now > MAX_QUEUE_US) {
      link->dropped++;
      return;
    }
    leaves = sender->free_us = starts + length * 8 * 1000 / sender->bits_per_ms;
  }
  link->packets++;
  link->bytes += (uint64_t)length;
  if (held >= MAX_HELD || (link->loss_ppm > 0 && drand48() * 1e6 < (double)link->loss_ppm)) {
    link->dropped++;
    return;
  }
  int64_t arrival = leaves + link->delay_us;
  if (link->jitter_us > 0) arrival += (int64_t)(drand48() * (double)link->jitter_us);
  if (arrival < link->last_arrival_us) arrival = link->last_arrival_us;
  link->last_arrival_us = arrival;
  Packet packet = {arrival, pushed++, to, (uint32_t)length, malloc((size_t)length)};
  if (packet.bytes == NULL) fail("memory");
  memcpy(packet.bytes, bytes, (size_t)length);
  hold(packet);
}

static int is_host(int host) { return host >= 0 && host < host_count; }

static void obey(const char *line) {
  int from, to;
  long long delay, jitter, loss, kbit;
  if (sscanf(line, "link %d %d %lld %lld %lld", &from, &to, &delay, &jitter, &loss) == 5 && is_host(from) && is_host(to)) {
    Link *link = link_of(from, to);
    link->delay_us = delay;
    link->jitter_us = jitter;
    link->loss_ppm = loss;
  } else if (sscanf(line, "rate %d %lld", &from, &kbit) == 2 && is_host(from)) {
    hosts[from].bits_per_ms = kbit;
  } else if (strcmp(line, "count") == 0) {
    for (from = 0; from < host_count; from++) {
      for (to = 0; to < host_count; to++) {
        Link *link = link_of(from, to);
        if (link->packets + link->dropped == 0) continue;
        printf("count %d %d %llu %llu %llu\n", from, to, (unsigned long long)link->packets,
               (unsigned long long)link->bytes, (unsigned long long)link->dropped);
      }
    }
    printf("end\n");
    fflush(stdout);
  } else {
    fprintf(stderr, "delay-switch: not a command: %s\n", line);
    exit(1);
  }
}

/* @returns 0 at the end of the input */
static int read_commands(void) {
  static char text[65536];
  static size_t used;
  ssize_t got = read(STDIN_FILENO, text + used, sizeof text - used - 1);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (got <= 0) return 0;
  used += (size_t)got;
  text[used] = 0;
  char *line = text, *end;
  while ((end = strchr(line, '\n')) != NULL) {
    *end = 0;
    obey(line);
    line = end + 1;
  }
  used -= (size_t)(line - text);
  memmove(text, line, used);
  return used < sizeof text - 1;
}

static void watch(int epoll, int fd, uint32_t data) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = data};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll");
}

static int run_switch(const char *device, char **names) {
  enum { TIMER = 1000, COMMANDS = 1001 };
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  links = calloc((size_t)host_count * (size_t)host_count, sizeof *links);
  if (links == NULL) fail("memory");
  for (int host = 0; host < host_count; host++) {
    enter(names[host]);
    hosts[host].fd = open_tun(device);
    set_address(device, host);
    bring_up("lo");
    watch(epoll, hosts[host].fd, (uint32_t)host);
  }
  watch(epoll, timer, TIMER);
  watch(epoll, STDIN_FILENO, COMMANDS);
  /* A packet that waits for the processor is late: the switch goes before the peers. */
  setpriority(PRIO_PROCESS, 0, -15);
  printf("ready\n");
  fflush(stdout);
  static uint8_t buffer[MAX_PACKET];
  struct epoll_event events[64];
  for (;;) {
    int64_t now = now_us();
    while (held > 0 && heap[0].arrival_us <= now) {
      Packet packet = take_first();
      if (write(hosts[packet.to].fd, packet.bytes, packet.length) < 0) link_of(0, packet.to)->dropped++;
      free(packet.bytes);
    }
    struct itimerspec at = {0};
    if (held > 0) {
      at.it_value.tv_sec = heap[0].arrival_us / 1000000;
      at.it_value.tv_nsec = heap[0].arrival_us % 1000000 * 1000;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
    int ready = epoll_wait(epoll, events, 64, -1);
    if (ready < 0 && errno != EINTR) fail("epoll");
    for (int i = 0; i < ready; i++) {
      uint32_t source = events[i].data.u32;
      if (source == COMMANDS) {
        if (!read_commands()) return 0;
      } else if (source == TIMER) {
        uint64_t fired;
        if (read(timer, &fired, sizeof fired) < 0 && errno != EAGAIN) fail("timer");
      } else {
        for (int n = 0; n < BURST; n++) {
          ssize_t length = read(hosts[source].fd, buffer, sizeof buffer);
          if (length < 0) break;
          forward((int)source, buffer, length);
        }
      }
    }
  }
}

/* ---- ping ---- */

typedef struct {
  struct icmphdr header;
  int32_t from, to, round;
  int64_t sent_us;
} Echo;

static uint16_t checksum(const void *data, size_t length) {
  const uint16_t *words = data;
  uint32_t sum = 0;
  for (size_t i = 0; i < length / 2; i++) sum += words[i];
  sum = (sum >> 16) + (sum & 0xffff);
  return (uint16_t)~(sum + (sum >> 16));
}

static int by_size(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return left < right ? -1 : left > right;
}

static void hear(int fd, int count, int64_t *times, int *received) {
  uint8_t buffer[512];
  ssize_t length;
  while ((length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
    int64_t now = now_us();
    size_t header = (size_t)(buffer[0] & 15) * 4;
    Echo echo;
    if ((size_t)length < header + sizeof echo) continue;
    memcpy(&echo, buffer + header, sizeof echo);
    if (echo.header.type != ICMP_ECHOREPLY || !is_host(echo.from) || !is_host(echo.to)) continue;
    int pair = echo.from * host_count + echo.to;
    if (received[pair] < count) times[pair * count + received[pair]++] = now - echo.sent_us;
  }
}

static void hear_for(int epoll, int64_t us, int count, int64_t *times, int *received) {
  struct epoll_event events[64];
  for (int64_t end = now_us() + us, left; (left = end - now_us()) > 0;) {
    struct timespec wait = {left / 1000000, left % 1000000 * 1000};
    int ready = epoll_pwait2(epoll, events, 64, &wait, NULL);
    for (int i = 0; i < ready; i++) hear(events[i].data.fd, count, times, received);
  }
}

static int run_ping(int count, int64_t gap_us, char **names) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int pairs = host_count * host_count;
  int64_t *times = calloc((size_t)pairs * (size_t)count, sizeof *times);
  int *received = calloc((size_t)pairs, sizeof *received);
  if (times == NULL || received == NULL) fail("memory");
  for (int host = 0; host < host_count; host++) {
    enter(names[host]);
    hosts[host].fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (hosts[host].fd < 0) fail("raw socket");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = hosts[host].fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, hosts[host].fd, &event) < 0) fail("epoll");
  }
  setpriority(PRIO_PROCESS, 0, -10);
  for (int round = 0; round < count; round++) {
    for (int step = 1; step < host_count; step++) {
      for (int from = 0; from < host_count; from++) {
        int to = (from + step) % host_count;
        Echo echo = {.header = {.type = ICMP_ECHO}, .from = from, .to = to, .round = round, .sent_us = now_us()};
        echo.header.un.echo.id = htons((uint16_t)(from + 1));
        echo.header.checksum = checksum(&echo, sizeof echo);
        struct sockaddr_in target = {.sin_family = AF_INET};
        target.sin_addr.s_addr = htonl(0x0a4d0001u | (uint32_t)to << 8);
        /* A cut line shows as no answer. */
        if (sendto(hosts[from].fd, &echo, sizeof echo, 0, (struct sockaddr *)&target, sizeof target) < 0 && errno != ENOBUFS)
          fail("send");
        hear_for(epoll, gap_us, count, times, received);
      }
    }
  }
  hear_for(epoll, 2000000, count, times, received);
  for (int pair = 0; pair < pairs; pair++) {
    int from = pair / host_count, to = pair % host_count, got = received[pair];
    if (from == to) continue;
    int64_t *sorted = times + pair * count;
    qsort(sorted, (size_t)got, sizeof *sorted, by_size);
    printf("ping %d %d %d %lld %lld\n", from, to, got, (long long)(got ? sorted[0] : 0), (long long)(got ? sorted[got / 2] : 0));
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "switch") == 0 && argc - 3 <= MAX_HOSTS) {
    host_count = argc - 3;
    return run_switch(argv[2], argv + 3);
  }
  if (argc >= 5 && strcmp(argv[1], "ping") == 0 && argc - 4 <= MAX_HOSTS && atoi(argv[2]) > 0) {
    host_count = argc - 4;
    return run_ping(atoi(argv[2]), atoll(argv[3]), argv + 4);
  }
  fprintf(stderr, "usage: delay-switch switch DEVICE NAMESPACE... | delay-switch ping COUNT GAP_US NAMESPACE...\n");
  return 2;
}
