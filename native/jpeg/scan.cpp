#include "scan.hpp"

#include <cstdlib>

#include "../error.hpp"

namespace linocut::jpeg {
namespace {

constexpr unsigned most_dc = 15;  // bits of a difference

// The blocks of one scan, one after the other. Source: ITU-T T.81, annexes F and G.
class Blocks {
  public:
    Blocks(const Frame& frame, const Scan& scan) : progressive_(frame.progressive), scan_(scan) {}

    void restart() {
        left_ = 0;
        for (std::int64_t& mean : means_) mean = 0;
    }

    void read(Bits& bits, const Part& part, std::uint64_t block) {
        if (!progressive_) {
            read_dc(bits, part);
            read_whole(bits, *part.ac);
        } else if (scan_.begin == 0) {
            if (scan_.high == 0)
                read_dc(bits, part);
            else
                bits.drop(1);
        } else if (scan_.high == 0) {
            read_first(bits, *part.ac, part.component->nonzero[block]);
        } else {
            refine(bits, *part.ac, part.component->nonzero[block]);
        }
    }

  private:
    // A block's mean, by its difference from that of the one before: damage to one shifts all that follow.
    void read_dc(Bits& bits, const Part& part) {
        const unsigned size = part.dc->next(bits);
        if (size > most_dc) throw BadCode{};
        const std::int64_t value = bits.take(size), half = (std::int64_t{1} << size) >> 1;
        std::int64_t& mean = means_[&part - scan_.parts.data()];
        mean += value >= half ? value : value - 2 * half + 1;
        if (std::abs(mean) << scan_.low > part.component->most_mean) throw BadCode{};
    }

    // All but the mean.
    static void read_whole(Bits& bits, const Codes& codes) {
        unsigned least = 0;
        for (unsigned k = 1; k < coefficients; ++k) {
            const unsigned code = codes.next(bits), run = code >> 4, size = code & 15;
            if (size == 0 && run != 15) return;
            k += run;
            if (size == 0) continue;
            if (k >= coefficients) throw BadCode{};
            least += bits.take(size) == 0 && size == 1;
        }
        if (least == coefficients - 1) throw BadCode{};  // -1 throughout: as bits that were lost, all 0, decode
    }

    // How many blocks, with this one, have nothing more.
    static std::uint32_t run_of_blocks(Bits& bits, unsigned size) { return (1u << size) + bits.take(size); }

    void read_first(Bits& bits, const Codes& codes, std::uint64_t& nonzero) {
        if (left_ != 0) {
            --left_;
            return;
        }
        for (unsigned k = scan_.begin; k <= scan_.end; ++k) {
            const unsigned code = codes.next(bits), run = code >> 4, size = code & 15;
            if (size == 0 && run != 15) {
                left_ = run_of_blocks(bits, run) - 1;
                return;
            }
            k += run;
            if (size == 0) continue;
            if (k > scan_.end) throw BadCode{};
            bits.drop(size);
            nonzero |= std::uint64_t{1} << k;
        }
    }

    // One more bit of each coefficient that is not 0, and those that now are not.
    void refine(Bits& bits, const Codes& codes, std::uint64_t& nonzero) {
        unsigned k = scan_.begin;
        for (; left_ == 0 && k <= scan_.end; ++k) {
            const unsigned code = codes.next(bits), size = code & 15;
            unsigned zeros = code >> 4;
            if (size == 0 && zeros != 15) {
                left_ = run_of_blocks(bits, zeros);
                break;
            }
            if (size > 1) throw BadCode{};
            bits.drop(size);  // the sign
            for (; k <= scan_.end; ++k) {
                if (nonzero >> k & 1)
                    bits.drop(1);
                else if (zeros-- == 0)
                    break;
            }
            if (size == 0) continue;
            if (k > scan_.end) throw BadCode{};
            nonzero |= std::uint64_t{1} << k;
        }
        if (left_ == 0) return;
        for (; k <= scan_.end; ++k)
            if (nonzero >> k & 1) bits.drop(1);
        --left_;
    }

    bool progressive_;
    const Scan& scan_;
    std::array<std::int64_t, 4> means_{};
    std::uint32_t left_ = 0;  // blocks that have nothing more
};

// The place of block `number` of a unit in the component's rows.
std::uint64_t place(const Component& component, bool alone, std::uint64_t unit, std::uint32_t units_across,
                    std::uint32_t number) {
    const std::uint64_t across = alone ? 1 : component.across, down = alone ? 1 : component.down;
    const std::uint64_t row = unit / units_across * down + number / across;
    return row * component.stride + unit % units_across * across + number % across;
}

void note(const Scan& scan) {
    for (const Part& part : scan.parts)
        for (unsigned k = scan.begin; k <= scan.end; ++k) {
            int& lowest = part.component->lowest[k];
            if (lowest != (scan.high == 0 ? missing : scan.high))
                refuse("it holds the same scan twice, or scans in another order");
            lowest = scan.low;
        }
}

// Behind the restart mark of this number, at the end of the data before it.
Bits behind_mark(Bits& bits, std::uint64_t number, const std::uint8_t* end) {
    if (const std::size_t left = bits.finish(); left != 0)
        refuse("its data go on for ", left, " B where restart mark ", number, " should be");
    const std::uint8_t* at = bits.at();
    while (at + 1 < end && at[0] == 0xFF && at[1] == 0xFF) ++at;  // marks may be filled
    if (at + 1 >= end) throw Ended{};
    if (at[1] != 0xD0 + number % 8) refuse("its restart mark ", number, " lacks");
    return {at + 2, end};
}

}  // namespace

const std::uint8_t* read_scan(const Frame& frame, const Scan& scan, const std::uint8_t* at, const std::uint8_t* end) {
    const bool alone = scan.parts.size() == 1;
    const Component& first = *scan.parts.front().component;
    const std::uint32_t units_across = alone ? first.width : frame.units_across;
    const std::uint64_t units = std::uint64_t{units_across} * (alone ? first.height : frame.units_down);
    note(scan);
    Blocks blocks(frame, scan);
    Bits bits(at, end);
    std::uint64_t unit = 0;
    try {
        for (; unit < units; ++unit) {
            if (scan.restart != 0 && unit != 0 && unit % scan.restart == 0) {
                bits = behind_mark(bits, unit / scan.restart - 1, end);
                blocks.restart();
            }
            for (const Part& part : scan.parts) {
                const std::uint32_t count = alone ? 1 : part.component->across * part.component->down;
                for (std::uint32_t number = 0; number < count; ++number)
                    blocks.read(bits, part, place(*part.component, alone, unit, units_across, number));
            }
        }
    } catch (const Ended&) {
        refuse("its data end early, in part ", unit + 1, " of ", units);
    } catch (const BadCode&) {
        refuse("its data hold what is no code, in part ", unit + 1, " of ", units);
    }
    if (const std::size_t left = bits.finish(); left != 0)
        refuse("its data go on for ", left, " B behind the last of ", units, " parts");
    return bits.at();
}

}  // namespace linocut::jpeg
