// See recorder_file.hpp. Written with plain system calls and no formatted output: this runs inside malloc.
#include "recorder_file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

namespace shunt::trace::recorder {
namespace {

// A bounded string that is built piece by piece; what does not fit is cut.
class Text {
 public:
  Text(char* buffer, std::size_t capacity) : buffer_(buffer), capacity_(capacity) { buffer_[0] = 0; }
  Text& add(const char* text) {
    while (*text != 0 && length_ + 1 < capacity_) buffer_[length_++] = *text++;
    buffer_[length_] = 0;
    return *this;
  }
  Text& add(unsigned long number) {
    char digits[24];
    char* at = digits + sizeof(digits) - 1;
    *at = 0;
    do *--at = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return add(at);
  }
  std::size_t length() const { return length_; }

 private:
  char* buffer_;
  std::size_t capacity_;
  std::size_t length_ = 0;
};

int create_exclusively(const char* name, char* path) {
  constexpr unsigned tries = 10'000;  // so many programs exec'd one after the other by one process
  for (unsigned number = 1; number <= tries; ++number) {
    Text text(path, path_bytes);
    text.add(name).add(".").add(static_cast<unsigned long>(getpid()));
    if (number > 1) text.add(".").add(number);
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// Reserves the blocks of [offset, offset + bytes) so that storing there cannot fail later. Never shrinks the
// file.
bool reserve(int fd, off_t offset, std::size_t bytes) {
  if (fallocate(fd, 0, offset, static_cast<off_t>(bytes)) == 0) return true;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return false;
  static constexpr char zeros[4096] = {};
  for (std::size_t done = 0; done < bytes; done += sizeof(zeros)) {
    if (pwrite(fd, zeros, sizeof(zeros), offset + static_cast<off_t>(done)) != ssize_t{sizeof(zeros)})
      return false;
  }
  return true;
}

void* map_reserved(int fd, off_t offset, std::size_t bytes) {
  if (!reserve(fd, offset, bytes)) return nullptr;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
  if (memory == MAP_FAILED) return nullptr;
  madvise(memory, bytes, MADV_DONTFORK);  // a child must not be able to write to its parent's file
  return memory;
}

void read_command(raw::FileHeader& header) {
  const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t got = 0;
  while (header.command_bytes < sizeof(header.command) &&
         (got = read(fd, header.command + header.command_bytes,
                     sizeof(header.command) - header.command_bytes)) > 0) {
    header.command_bytes += static_cast<std::uint32_t>(got);
  }
  close(fd);
}

void describe(raw::FileHeader& header, bool forked) {
  header.version = raw::version;
  header.header_bytes = raw::header_bytes;
  header.chunk_bytes = raw::chunk_bytes;
  header.process = static_cast<std::uint32_t>(getpid());
  header.forked = forked ? 1 : 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  header.start_seconds = now.tv_sec;
  utsname host{};
  uname(&host);
  Text(header.kernel, sizeof(header.kernel))
      .add(host.sysname)
      .add(" ")
      .add(host.release)
      .add(" ")
      .add(host.machine);
  read_command(header);
  // release: pairs with nothing in this process; a reader of the file sees the magic only after the rest.
  std::atomic_ref<std::uint64_t>(header.magic).store(raw::file_magic, std::memory_order_release);
}

}  // namespace

raw::FileHeader* create_raw_file(const char* name, bool forked, char* path) {
  const int fd = create_exclusively(name, path);
  if (fd < 0) return nullptr;
  auto* header = static_cast<raw::FileHeader*>(map_reserved(fd, 0, raw::header_bytes));
  close(fd);
  if (header != nullptr) describe(*header, forked);
  return header;
}

raw::Record* map_chunk(const char* path, std::uint32_t index, std::uint32_t lane) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  const off_t offset = raw::header_bytes + static_cast<off_t>(index) * raw::chunk_bytes;
  auto* header = static_cast<raw::ChunkHeader*>(map_reserved(fd, offset, raw::chunk_bytes));
  const int error = errno;
  close(fd);
  errno = error;
  if (header == nullptr) return nullptr;
  header->lane = lane;
  header->magic = raw::chunk_magic;
  return reinterpret_cast<raw::Record*>(header + 1);
}

void unmap_chunk(raw::Record* records) {
  munmap(reinterpret_cast<raw::ChunkHeader*>(records) - 1, raw::chunk_bytes);
}

}  // namespace shunt::trace::recorder
