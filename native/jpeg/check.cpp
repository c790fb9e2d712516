#include "check.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "../error.hpp"
#include "scan.hpp"

namespace linocut::jpeg {
namespace {

constexpr std::uint64_t most_blocks = 5u << 20;  // those of 2**26 pixels in 4 components, and some
constexpr unsigned most_scans = 500;             // each may pass over all blocks in few bytes; usual are a dozen
constexpr std::int32_t most_mean = 1536;         // of white it is 1016; damage to one block's shifts those behind it

struct NotLookedAt {};  // thrown for what this does not know

// A segment of the header: bytes that are counted.
class Segment {
  public:
    Segment(const std::uint8_t* at, std::size_t size) : at_(at), size_(size) {}

    std::size_t size() const { return size_; }
    const std::uint8_t* at() const { return at_; }

    const std::uint8_t* skip(std::size_t bytes) {
        if (bytes > size_) refuse("a part of its header is cut");
        at_ += bytes;
        size_ -= bytes;
        return at_ - bytes;
    }
    unsigned byte() { return *skip(1); }
    unsigned word() {
        const std::uint8_t* from = skip(2);
        return from[0] << 8 | from[1];
    }

  private:
    const std::uint8_t* at_;
    std::size_t size_;
};

std::uint32_t ceiling(std::uint64_t value, std::uint64_t by) {
    return static_cast<std::uint32_t>((value + by - 1) / by);
}

Frame read_frame(Segment segment, bool progressive) {
    Frame frame;
    frame.progressive = progressive;
    const unsigned bits = segment.byte(), height = segment.word(), width = segment.word();
    const unsigned count = segment.byte();
    if (bits != 8 || height == 0 || width == 0 || count == 0 || count > 4) throw NotLookedAt{};
    std::uint32_t across = 1, down = 1;
    for (unsigned i = 0; i < count; ++i) {
        Component component;
        component.id = static_cast<std::uint8_t>(segment.byte());
        const unsigned sampling = segment.byte();
        component.quantised = static_cast<std::uint8_t>(segment.byte() & 3);
        component.across = sampling >> 4;
        component.down = sampling & 15;
        if (component.across - 1 > 3 || component.down - 1 > 3) refuse("its header has a sampling of ", sampling);
        across = std::max(across, component.across);
        down = std::max(down, component.down);
        component.lowest.fill(missing);
        frame.components.push_back(std::move(component));
    }
    frame.units_across = ceiling(width, std::uint64_t{8} * across);
    frame.units_down = ceiling(height, std::uint64_t{8} * down);
    std::uint64_t blocks = 0;
    for (Component& component : frame.components) {
        component.width = ceiling(std::uint64_t{width} * component.across, std::uint64_t{8} * across);
        component.height = ceiling(std::uint64_t{height} * component.down, std::uint64_t{8} * down);
        component.stride = frame.units_across * component.across;
        blocks += std::uint64_t{component.stride} * frame.units_down * component.down;
    }
    if (blocks > most_blocks) refuse("its header claims ", width, " x ", height, " pixels");
    if (progressive)
        for (Component& component : frame.components)
            component.nonzero.resize(std::size_t{component.stride} * frame.units_down * component.down);
    return frame;
}

class Walk {
  public:
    Walk(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

    void run() {
        if (end_ - at_ < 2 || at_[0] != 0xFF || at_[1] != 0xD8) throw NotLookedAt{};
        at_ += 2;
        while (next_mark()) {
        }
        if (!frame_) throw NotLookedAt{};
        for (const Component& component : frame_->components)
            for (const int lowest : component.lowest)
                if (lowest != 0) refuse("scans are missing: it has only a part of each pixel");
    }

  private:
    // Reads what the next mark begins; returns whether there may be another.
    bool next_mark() {
        while (at_ < end_ && *at_ != 0xFF) ++at_;
        while (at_ < end_ && *at_ == 0xFF) ++at_;
        if (at_ == end_) return false;  // without its end mark; that is Pillow's to judge
        const unsigned mark = *at_++;
        if (mark == 0xD9) return false;
        if (mark == 0 || mark == 1 || (mark >= 0xD0 && mark <= 0xD8)) return true;
        if (end_ - at_ < 2) return false;
        const std::size_t size = at_[0] << 8 | at_[1];
        if (size < 2 || size > static_cast<std::size_t>(end_ - at_)) refuse("a part of its header is cut");
        Segment segment(at_ + 2, size - 2);
        at_ += size;
        if (mark == 0xC4)
            read_codes(segment);
        else if (mark == 0xDB)
            read_steps(segment);
        else if (mark == 0xDD)
            restart_ = segment.word();
        else if (mark == 0xDA)
            read_data(segment);
        else if (mark == 0xC0 || mark == 0xC1 || mark == 0xC2)
            start_frame(segment, mark == 0xC2);
        else if (mark >= 0xC3 && mark <= 0xCF && mark != 0xC8 && mark != 0xCC)
            throw NotLookedAt{};
        return true;
    }

    void start_frame(Segment segment, bool progressive) {
        if (frame_) refuse("it has two headers");
        frame_ = read_frame(segment, progressive);
    }

    void read_steps(Segment segment) {
        while (segment.size() != 0) {
            const unsigned which = segment.byte();
            steps_[which & 3] = which >> 4 ? segment.word() : segment.byte();
            segment.skip((which >> 4 ? 2 : 1) * (coefficients - 1));
        }
    }

    void read_codes(Segment segment) {
        while (segment.size() != 0) {
            const unsigned which = segment.byte();
            const std::uint8_t* counts = segment.skip(16);
            std::size_t total = 0;
            for (unsigned i = 0; i < 16; ++i) total += counts[i];
            const std::uint8_t* meanings = segment.skip(total);
            if ((which & 0xEF) > 3 || !codes_[which >> 4][which & 3].read(counts, meanings, total))
                refuse("a table of its codes is damaged");
        }
    }

    void read_data(Segment segment) {
        if (!frame_) refuse("its data come before its header");
        if (++scans_ > most_scans) refuse("it has more than ", most_scans, " scans");
        Scan scan;
        scan.restart = restart_;
        std::vector<std::array<unsigned, 2>> tables;
        const unsigned count = segment.byte();
        if (count == 0 || count > frame_->components.size()) refuse("a scan has ", count, " components");
        for (unsigned i = 0; i < count; ++i) {
            const unsigned id = segment.byte(), which = segment.byte();
            if (which >> 4 > 3 || (which & 15) > 3) refuse("a scan names a table that there cannot be");
            scan.parts.push_back({&component(id, scan), &codes_[0][which >> 4], &codes_[1][which & 15]});
        }
        const unsigned begin = segment.byte(), end = segment.byte(), bits = segment.byte();
        if (frame_->progressive) {
            if (begin >= coefficients || end >= coefficients || begin > end || (begin == 0 && end != 0) ||
                (begin != 0 && count != 1) || bits >> 4 > 13 || (bits & 15) > 13 ||
                (bits >> 4 != 0 && (bits >> 4) - 1 != (bits & 15)))
                refuse("a scan holds coefficients ", begin, " to ", end, " of bits ", bits);
            scan.begin = begin;
            scan.end = end;
            scan.high = static_cast<int>(bits >> 4);
            scan.low = static_cast<int>(bits & 15);
        }
        for (const Part& part : scan.parts) {
            const bool dc = scan.begin == 0 && scan.high == 0, ac = scan.end != 0;
            if ((dc && !part.dc->known()) || (ac && !part.ac->known())) throw NotLookedAt{};
        }
        for (const Part& part : scan.parts) {
            const std::int32_t step = std::max<std::int32_t>(1, steps_[part.component->quantised]);
            part.component->most_mean = most_mean / step + 1 + (1 << scan.low);
        }
        at_ = read_scan(*frame_, scan, at_, end_);
    }

    Component& component(unsigned id, const Scan& scan) {
        for (Component& one : frame_->components) {
            const bool taken = std::any_of(scan.parts.begin(), scan.parts.end(),
                                           [&](const Part& part) { return part.component == &one; });
            if (one.id == id && !taken) return one;
        }
        refuse("a scan names component ", id, ", which its header lacks");
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
    std::optional<Frame> frame_;
    std::array<std::array<Codes, 4>, 2> codes_;  // of DC, of AC
    std::array<std::int32_t, 4> steps_{};        // of a block's mean
    std::uint32_t restart_ = 0;
    unsigned scans_ = 0;
};

}  // namespace

std::string fault(const std::uint8_t* data, std::size_t size) {
    try {
        Walk(data, size).run();
    } catch (const Refusal& refusal) {
        return refusal.what();
    } catch (const NotLookedAt&) {
    }
    return "";
}

}  // namespace linocut::jpeg
