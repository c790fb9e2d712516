// Whether a JPEG's data are whole: libjpeg makes grey, or anything, of data that end early or are damaged,
// and says nothing that Pillow would hear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace linocut::jpeg {

// Why the picture in these bytes is damaged, "" if nothing shows it. Its blocks are decoded as far as to know
// where each ends and how bright it is on average. What is not Huffman-coded in 8 bits, or uses tables that
// are not in it, is not looked at.
std::string fault(const std::uint8_t* data, std::size_t size);

}  // namespace linocut::jpeg
