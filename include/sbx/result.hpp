// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. It has the names of std::expected, which it becomes at a C++23
// floor. It must not throw, and an Error must not be built from anything but a finished sentence.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace sbx {

/// Why something could not be done.
struct Error {
    /// A sentence for people: lower case, no full stop, names the thing in quotes, then the remedy
    /// where one is known, after "; ". Names are those of options of the command `sbx`. Names of
    /// files may come from an attacker: print it as printable() of <sbx/text.hpp> gives it.
    std::string message;
};

/// A value, or an Error. Whoever gets one asks which before taking either.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      ///< success
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  ///< failure

    bool has_value() const { return state_.index() == 0; }  ///< whether it is a success
    explicit operator bool() const { return has_value(); }  ///< the same, as in `if (result)`

    T& value() { return *std::get_if<0>(&state_); }                  ///< undefined for a failure
    const T& value() const { return *std::get_if<0>(&state_); }      ///< undefined for a failure
    T& operator*() { return value(); }                               ///< undefined for a failure
    const T& operator*() const { return value(); }                   ///< undefined for a failure
    T* operator->() { return std::get_if<0>(&state_); }              ///< null for a failure
    const T* operator->() const { return std::get_if<0>(&state_); }  ///< null for a failure

    Error& error() { return *std::get_if<1>(&state_); }              ///< undefined for a success
    const Error& error() const { return *std::get_if<1>(&state_); }  ///< undefined for a success

private:
    std::variant<T, Error> state_;
};

/// A Result without a value: success, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;                                               ///< success
    Result(Error error) : error_(std::move(error)), failed_(true) {}  ///< failure

    bool has_value() const { return !failed_; }             ///< whether it is a success
    explicit operator bool() const { return has_value(); }  ///< the same, as in `if (result)`
    const Error& error() const { return error_; }           ///< empty for a success

private:
    Error error_;
    bool failed_ = false;
};

}  // namespace sbx
