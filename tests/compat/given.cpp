// SPDX-License-Identifier: Apache-2.0
#include "given.hpp"

#include "namespaces.hpp"
#include "observe.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace compat {
namespace {

using integration::Descriptor;
using integration::Pipe;

Descriptor opened(const std::string& path, int flags) {
    Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC));
    if (fd.get() < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
    return fd;
}

Descriptor pipe_with(const char* text, std::size_t size) {
    Pipe pipe = integration::make_pipe();
    if (::write(pipe.write.get(), text, size) < 0) throw std::runtime_error("write");
    return std::move(pipe.read);
}

// What is in a pipe now; it may stay open in a process that goes on.
std::string read_now(int fd) {
    std::string out;
    std::array<char, 4096> buffer{};
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    ssize_t got = 0;
    while ((got = ::read(fd, buffer.data(), buffer.size())) > 0) {
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return out;
}

}  // namespace

GivenDescriptors::GivenDescriptors(const std::vector<Given>& given, const Fixture& fixture) {
    for (const Given& one : given) {
        const std::string text = fixture.fill(one.text);
        Descriptor ours;
        Descriptor answer;
        switch (one.kind) {
            case Given::Kind::content: ours = integration::file_with(text); break;
            case Given::Kind::path: ours = opened(text, O_RDONLY); break;
            case Given::Kind::path_only: ours = opened(text, O_PATH); break;
            case Given::Kind::writable: ours = opened(text, O_WRONLY); break;
            case Given::Kind::byte: ours = pipe_with("x", 1); break;
            case Given::Kind::end: ours = pipe_with("", 0); break;
            case Given::Kind::collected: {
                Pipe pipe = integration::make_pipe();
                ours = std::move(pipe.write);
                answer = std::move(pipe.read);
                break;
            }
            case Given::Kind::closed: closed_.push_back(one.number); continue;
            case Given::Kind::user_namespace:
            case Given::Kind::inner_user_namespace:
            case Given::Kind::pid_namespace: {
                const int parent = number_of(text);
                Held held = one.kind == Given::Kind::pid_namespace ? pid_namespace(parent)
                                                                   : user_namespace(parent);
                holders_.push_back(held.holder);
                ours = std::move(held.fd);
                break;
            }
        }
        open_.push_back({one.number, std::move(ours), std::move(answer)});
    }
}

int GivenDescriptors::number_of(const std::string& text) const {
    for (const Open& one : open_) {
        if (std::to_string(one.number) == text) return one.ours.get();
    }
    return -1;
}

GivenDescriptors::~GivenDescriptors() {
    for (const pid_t pid : holders_) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
}

void GivenDescriptors::add_to(integration::Start& start) const {
    for (const Open& one : open_) start.descriptors.emplace_back(one.number, one.ours.get());
    start.prepare = [before = std::move(start.prepare), closed = closed_] {
        before();
        for (const int fd : closed) ::close(fd);
    };
}

void GivenDescriptors::started() {
    for (Open& one : open_) one.ours.close();
}

Lines GivenDescriptors::collected() const {
    Lines out;
    for (const Open& one : open_) {
        if (one.answer.get() < 0) continue;
        const Lines lines =
            normal_lines("fd " + std::to_string(one.number) + " ", read_now(one.answer.get()));
        out.insert(out.end(), lines.begin(), lines.end());
    }
    return out;
}

}  // namespace compat
