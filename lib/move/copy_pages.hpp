// memcpy of whole pages that is told what it will be asked for next.
//
// Evacuation reads and writes memory that is in no cache, and its sources are scattered, where the hardware's
// prefetcher, which never crosses a page, is of no help. So the next source is prefetched while this one is
// copied; and a streamed copy writes around the cache, which spares reading the destination's lines first. On
// one page of a 16 MiB working set (Linux 6.18, virtual machine): memcpy 1120 ns, streamed and prefetched 700
// ns. Same bytes either way. A streamed copy is ordered before later stores of other threads only after
// finish_streaming().
#pragma once

#include <cstring>

#include "base/address.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace shunt {

enum class CopyStyle : unsigned char {
  Cached,    // the destination is in the cache, or will be read at once
  Streamed,  // more than a cache holds
};

#if defined(__SSE2__)

// Prefetching never faults, so `next` may be any address.
template <CopyStyle style>
inline void copy_page(Address to, Address from, Address next) {
  constexpr std::size_t line = 64;
  const char* ahead = pointer_to<const char>(next);
  const __m128i* source = pointer_to<const __m128i>(from);
  __m128i* target = pointer_to<__m128i>(to);
  for (std::size_t at = 0; at < page_bytes; at += line, source += 4, target += 4) {
    _mm_prefetch(ahead + at, _MM_HINT_T0);
    const __m128i words[4] = {_mm_load_si128(source), _mm_load_si128(source + 1), _mm_load_si128(source + 2),
                              _mm_load_si128(source + 3)};
    for (int i = 0; i < 4; ++i) {
      if constexpr (style == CopyStyle::Streamed) {
        _mm_stream_si128(target + i, words[i]);
      } else {
        _mm_store_si128(target + i, words[i]);
      }
    }
  }
}
inline void finish_streaming() { _mm_sfence(); }

#else

template <CopyStyle>
inline void copy_page(Address to, Address from, Address next) {
  for (std::size_t at = 0; at < page_bytes; at += 64) __builtin_prefetch(pointer_to<const char>(next) + at);
  std::memcpy(pointer_to(to), pointer_to(from), page_bytes);
}
inline void finish_streaming() {}

#endif

// `next`: what will be copied after this, or `from` again. O(bytes).
inline void copy_pages(Address to, Address from, std::size_t bytes, Address next, CopyStyle style) {
  for (std::size_t at = 0; at < bytes; at += page_bytes) {
    const Address ahead = at + page_bytes < bytes ? from + at + page_bytes : next;
    if (style == CopyStyle::Streamed) {
      copy_page<CopyStyle::Streamed>(to + at, from + at, ahead);
    } else {
      copy_page<CopyStyle::Cached>(to + at, from + at, ahead);
    }
  }
}

}  // namespace shunt
