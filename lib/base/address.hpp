// Strong types for places in memory, so that an address, a page and a region are never mixed up.
//
// Address is a virtual address; it is not a pointer, because the library often speaks of addresses that hold
// nothing. PageIndex and RegionIndex count from the start of one reservation. Sizes are plain bytes.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace shunt {

// A 4 KiB page is the unit that the kernel maps. Shunt is built for kernels with 4 KiB base pages; the probe
// (lib/os) refuses page movers on others.
inline constexpr unsigned page_shift = 12;
inline constexpr std::size_t page_bytes = std::size_t{1} << page_shift;
// A transparent huge page: 512 base pages on x86-64 and on arm64 with 4 KiB pages.
inline constexpr unsigned huge_page_shift = 21;
inline constexpr std::size_t huge_page_bytes = std::size_t{1} << huge_page_shift;
inline constexpr std::size_t pages_per_huge_page = huge_page_bytes / page_bytes;

enum class Address : std::uintptr_t { null = 0 };
enum class PageIndex : std::uint64_t {};
enum class RegionIndex : std::uint32_t { none = 0xFFFF'FFFF };

constexpr std::uintptr_t value(Address a) { return static_cast<std::uintptr_t>(a); }
constexpr std::uint64_t value(PageIndex p) { return static_cast<std::uint64_t>(p); }
constexpr std::uint32_t value(RegionIndex r) { return static_cast<std::uint32_t>(r); }

inline Address address_of(const void* pointer) { return Address{reinterpret_cast<std::uintptr_t>(pointer)}; }
template <class T = void>
T* pointer_to(Address a) {
  return reinterpret_cast<T*>(value(a));
}

constexpr Address operator+(Address a, std::size_t bytes) { return Address{value(a) + bytes}; }
constexpr Address operator-(Address a, std::size_t bytes) { return Address{value(a) - bytes}; }
constexpr std::size_t operator-(Address a, Address b) { return value(a) - value(b); }
constexpr Address& operator+=(Address& a, std::size_t bytes) { return a = a + bytes; }
constexpr PageIndex operator+(PageIndex p, std::uint64_t n) { return PageIndex{value(p) + n}; }
constexpr std::uint64_t operator-(PageIndex a, PageIndex b) { return value(a) - value(b); }
constexpr RegionIndex operator+(RegionIndex r, std::uint32_t n) { return RegionIndex{value(r) + n}; }
constexpr std::uint32_t operator-(RegionIndex a, RegionIndex b) { return value(a) - value(b); }

// `alignment` is a power of two in all of these.
constexpr std::size_t align_down(std::size_t n, std::size_t alignment) { return n & ~(alignment - 1); }
constexpr std::size_t align_up(std::size_t n, std::size_t alignment) {
  return align_down(n + alignment - 1, alignment);
}
constexpr Address align_down(Address a, std::size_t alignment) {
  return Address{align_down(value(a), alignment)};
}
constexpr Address align_up(Address a, std::size_t alignment) {
  return Address{align_up(value(a), alignment)};
}
constexpr bool is_aligned(std::size_t n, std::size_t alignment) { return (n & (alignment - 1)) == 0; }
constexpr bool is_aligned(Address a, std::size_t alignment) { return is_aligned(value(a), alignment); }

// Half-open [start, start + bytes).
struct AddressRange {
  Address start = Address::null;
  std::size_t bytes = 0;

  constexpr Address end() const { return start + bytes; }
  constexpr bool contains(Address a) const { return value(a) - value(start) < bytes; }
  constexpr bool contains(AddressRange r) const {
    return r.start >= start && r.bytes <= bytes && r.start - start <= bytes - r.bytes;
  }
  constexpr bool overlaps(AddressRange r) const { return start < r.end() && r.start < end(); }
  constexpr bool operator==(const AddressRange&) const = default;
};

}  // namespace shunt
