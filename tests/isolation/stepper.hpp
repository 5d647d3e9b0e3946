// SPDX-License-Identifier: Apache-2.0
// Stops a sandbox before each of some system calls, so that an attacker outside can act at exactly
// that moment: what otherwise takes a race, and luck. It is a seccomp filter that asks
// (seccomp_unotify(2)), put around sbx; whatever the call asks for is done afterwards.
#pragma once

#include "sandbox.hpp"

#include <linux/seccomp.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

namespace integration {

/// A call that is about to be made: who, which, and its arguments.
using Moment = seccomp_notif;

class Stepper {
public:
    /// Starts `start`, to be stopped before every one of the system calls `numbers`, made by sbx or
    /// by what it starts.
    Stepper(Start start, std::initializer_list<int> numbers);

    /// The next such moment; nothing when nobody is left who could come to one. Throws when neither
    /// comes.
    std::optional<Moment> next();
    /// Lets the call of `moment` be made.
    void go_on(const Moment& moment) const;
    /// When next() has given nothing: how sbx ended.
    Ended wait() { return running_->wait(); }
    pid_t pid() const { return running_->pid(); }

private:
    std::unique_ptr<Running> running_;
    Descriptor filter_;
};

/// Starts `start` and calls `act` before every one of the system calls `numbers`, made by sbx or by
/// what it starts; gives the end.
Ended run_stepwise(Start start, std::initializer_list<int> numbers,
                   const std::function<void(const Moment&)>& act);

/// What descriptor `argument` of the call is, as a path that leads to it.
std::string path_of(const Moment& moment, std::size_t argument);

/// The text that `argument` of the call points to, 255 bytes of it at most.
std::string text_of(const Moment& moment, std::size_t argument);

/// As in_child(), below a process that reaps whatever is orphaned at once: before Linux 6.11 a
/// Stepper waits for that, too. Ends when everybody has; what `work` gives has a line feed more.
std::string in_reaped_child(const std::function<std::string()>& work);

/// For Start::prepare: a filter under which the system call `number` fails with `error`.
void deny_system_call(int number, int error);

}  // namespace integration
