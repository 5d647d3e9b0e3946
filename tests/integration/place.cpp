// SPDX-License-Identifier: Apache-2.0
#include "place.hpp"

#include "sandbox.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace integration {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::string line_for(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) fail(path);
    std::ostringstream line;
    line << path << " " << std::oct << status.st_mode << std::dec << " " << status.st_size << " "
         << status.st_uid << " " << status.st_ino << " " << status.st_mtim.tv_sec << "."
         << status.st_mtim.tv_nsec << " " << status.st_ctim.tv_sec << "." << status.st_ctim.tv_nsec;
    if (S_ISREG(status.st_mode)) line << " " << read_whole(path);
    if (S_ISLNK(status.st_mode)) line << " " << fs::read_symlink(path).string();
    return line.str() + "\n";
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/sbx-test.XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr || ::chmod(path_.c_str(), 0755) != 0) fail(path_);
    path_ = fs::canonical(path_).string();
}

TemporaryDirectory::~TemporaryDirectory() { remove_tree(path_); }

std::string TemporaryDirectory::file(const std::string& name, std::string_view content,
                                     unsigned mode) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path) << content;
    if (::chmod(path.c_str(), mode) != 0) fail(path);
    return path;
}

std::string TemporaryDirectory::directory(const std::string& name) const {
    std::string path = path_ + "/" + name;
    fs::create_directories(path);
    return path;
}

std::string TemporaryDirectory::link(const std::string& name, const std::string& target) const {
    std::string path = path_ + "/" + name;
    if (::symlink(target.c_str(), path.c_str()) != 0) fail(path);
    return path;
}

std::string TemporaryDirectory::listing() const {
    std::set<std::string> lines = {line_for(path_)};
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
        lines.insert(line_for(entry.path().string()));
    }
    std::string out;
    for (const std::string& line : lines) out += line;
    return out;
}

std::string in_child(const std::function<std::string()>& work) {
    bwrap_path();  // made by the process that also removes it
    Pipe answer = make_pipe();
    const pid_t pid = ::fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        std::string text;
        try {
            text = work();
        } catch (const std::exception& error) {
            text = std::string("threw: ") + error.what();
        }
        const ssize_t put = ::write(answer.write.get(), text.data(), text.size());
        ::_exit(put < 0 ? 1 : 0);
    }
    answer.write.close();
    std::string text;
    std::string buffer(65536, '\0');
    ssize_t got = 1;
    while (got > 0 && ends(answer.read)) {
        got = ::read(answer.read.get(), buffer.data(), buffer.size());
        if (got > 0) text.append(buffer, 0, static_cast<std::size_t>(got));
    }
    if (got > 0) ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return got > 0 ? text + "threw: it took too long" : text;
}

void enter_own_namespaces(As as) {
    const auto uid = std::to_string(::geteuid());
    const auto gid = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) fail("unshare");
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", (as == As::root ? "0" : uid) + " " + uid + " 1\n");
    write_to("/proc/self/gid_map", (as == As::root ? "0" : gid) + " " + gid + " 1\n");
}

void mount_or_throw(const char* source, const std::string& target, const char* type,
                    unsigned long flags) {
    // Its own default is that of /tmp, a directory that everybody shares.
    const bool is_tmpfs = type != nullptr && std::string(type) == "tmpfs";
    const char* data = is_tmpfs ? "mode=0755" : nullptr;
    if (::mount(source, target.c_str(), type, flags, data) != 0) fail("mount " + target);
}

void write_to(const std::string& path, std::string_view text) {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.get() < 0 || ::write(fd.get(), text.data(), text.size()) < 0) fail("write " + path);
}

void remove_tree(const std::string& path) {
    std::error_code ignored;
    // overlayfs leaves directories that nobody may enter in a work directory.
    for (const auto& entry : fs::recursive_directory_iterator(
             path, fs::directory_options::skip_permission_denied, ignored)) {
        if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) {
            ::chmod(entry.path().c_str(), 0700);
        }
    }
    fs::remove_all(path, ignored);
}

std::string read_whole(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
}

bool is_root() { return ::geteuid() == 0; }

}  // namespace integration
