// Creates a raw file and gives out its chunks. No state: the caller keeps what it returns.
//
// None of these allocate, and all leave errno as they like: the caller saves it. The file is opened anew by
// name for every chunk, so that no descriptor is open in between; blocks are reserved before they are mapped,
// so that a full disk is an error here and not a SIGBUS in the recorded program.
#pragma once

#include <cstddef>
#include <cstdint>

#include "raw_format.hpp"

namespace shunt::trace::recorder {

inline constexpr std::size_t path_bytes = 4096;

// Fills path (path_bytes long) with the first free one of NAME.<process>, NAME.<process>.2, ... and creates
// it with a complete header. nullptr when that fails.
raw::FileHeader* create_raw_file(const char* name, bool forked, char* path);

// Maps chunk number `index` of the file for the lane, its header written, its records zero. nullptr with
// errno set when the file cannot grow or be reached any more.
raw::Record* map_chunk(const char* path, std::uint32_t index, std::uint32_t lane);
void unmap_chunk(raw::Record* records);

}  // namespace shunt::trace::recorder
