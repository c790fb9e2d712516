// A stand-in for the vendor's header of this name, to compile and to try the network without his tools: ap_int<W>, a
// signed integer of W bits up to 64 that wraps. Leave this folder out of the include path where the vendor's is there.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef AP_INT_H
#define AP_INT_H

template <int W>
class ap_int {
  public:
    ap_int(long long value = 0) : value_(wrapped(value)) {}
    template <int V>
    ap_int(const ap_int<V>& other) : value_(wrapped(static_cast<long long>(other))) {}
    operator long long() const { return value_; }
    template <class T>
    ap_int& operator+=(T more) {
        value_ = wrapped(value_ + static_cast<long long>(more));
        return *this;
    }
    template <class T>
    ap_int& operator-=(T less) {
        value_ = wrapped(value_ - static_cast<long long>(less));
        return *this;
    }

  private:
    static_assert(W >= 1 && W <= 64, "a width of 1 to 64 bits");
    static long long wrapped(long long value) {
        const unsigned spare = 64 - W;
        return static_cast<long long>(static_cast<unsigned long long>(value) << spare) >> spare;
    }
    long long value_;
};

#endif
