// How products in prediction are divided: a unit is a group of outputs at a block of rows, which are pixels where x is
// images. Blocks of the same outputs follow each other, and those that one thread does are done together: what is
// packed for a group of outputs is packed once for them.
#pragma once

#include "window.hpp"

namespace linocut::LINOCUT_NS {

struct RowBlocks {
    i64 rows;
    static constexpr i64 block = 256;

    i64 count() const { return divide_up(rows, block); }

    // visit(group, rows) for units [begin, end).
    template <class Visit>
    void each(i64 begin, i64 end, const Visit& visit) const {
        for (i64 unit = begin; unit < end;) {
            const i64 group = unit / count(), first = group * count(), stop = least(end, first + count());
            visit(group, Span{(unit - first) * block, least(rows, (stop - first) * block)});
            unit = stop;
        }
    }
};

}  // namespace linocut::LINOCUT_NS
