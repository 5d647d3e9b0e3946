// SPDX-License-Identifier: Apache-2.0
#include "plan/outside_argument.hpp"

#include "base/remedies.hpp"
#include "base/text.hpp"
#include "plan/planning.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace sbx::planning {
namespace {

// Where a relative argument leads outside and inside.
struct Start {
    std::string outside;
    std::string inside;  ///< empty: in a directory of the command that nobody chose
};

bool has_parent(std::string_view path) {
    return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
           path.find("/../") != std::string_view::npos;
}

class Arguments {
public:
    Arguments(const Spec& spec, const Host& host) : spec_(spec), host_(host), sight_(spec, host) {}

    std::vector<HostArgument> all() {
        constexpr std::size_t most = 64;
        std::vector<HostArgument> out;
        for (std::size_t i = 1; i < spec_.command.size() && out.size() < most; ++i) {
            auto found = look(spec_.command[i]);
            const bool twice = found && std::any_of(out.begin(), out.end(), [&](const auto& other) {
                                   return other.path == found->path && other.form == found->form;
                               });
            if (!found || twice) continue;
            found->index = i;
            out.push_back(std::move(*found));
        }
        return out;
    }

private:
    std::optional<HostArgument> look(std::string_view word) {
        using Form = HostArgument::Form;
        // "--file=/a" and "if=/a". What is for a shell has blanks before its first "=", or lines.
        const std::size_t equals = word.find('=');
        const bool option = word.starts_with('-');
        const bool named = equals != std::string_view::npos && !word.starts_with('/') &&
                           word.substr(0, equals).find_first_of(" \t\n/") == std::string_view::npos;
        if (named) {
            const std::string_view value = word.substr(equals + 1);
            if (value.starts_with('/')) return absolute(value, Form::value);
        }
        if (option || word.empty()) return std::nullopt;
        return word.front() == '/' ? absolute(word, Form::word) : relative(word);
    }

    std::optional<HostArgument> absolute(std::string_view word, HostArgument::Form form) {
        std::string path = lexically_clean(word);
        if (has_parent(path) || sight_.may_be_inside(path)) return std::nullopt;
        return HostArgument{0, form, path, path};
    }

    std::optional<HostArgument> relative(std::string_view word) {
        if (host_.cwd.empty() || has_parent(word)) return std::nullopt;
        const Start& from = start();
        const std::string outside = lexically_clean(from.outside + "/" + std::string(word));
        if (from.inside.empty()) {
            return HostArgument{0, HostArgument::Form::word, outside, {}};
        }
        std::string inside = lexically_clean(from.inside + "/" + std::string(word));
        if (sight_.may_be_inside(inside)) return std::nullopt;
        return HostArgument{0, HostArgument::Form::word, outside, std::move(inside)};
    }

    const Start& start() {
        if (!start_) start_ = find_start();
        return *start_;
    }

    Start find_start() const {
        const auto in = [this](std::string directory) {
            return Start{host_.cwd, std::move(directory)};
        };
        if (spec_.directory) return in(*spec_.directory);
        for (const std::string& path : {host_.cwd, host_.real_cwd}) {
            if (!path.empty() && sight_.may_be_inside(path)) return in(path);
        }
        const bool kept =
            sight_.is_home_or_system(host_.cwd) || variable(host_.environment, "HOME") == host_.cwd;
        return kept ? in(host_.cwd) : Start{host_.cwd, {}};
    }

    const Spec& spec_;
    const Host& host_;
    const Sight sight_;
    std::optional<Start> start_;
};

// How many of them one warning names.
constexpr std::size_t most_named = 3;

// "the argument /a names a file", "the arguments /a, /b and 2 more name files".
std::string subject_of(const Spec& spec, const std::vector<const HostArgument*>& arguments) {
    std::string text = arguments.size() == 1 ? "the argument " : "the arguments ";
    const std::size_t named = std::min(arguments.size(), most_named);
    for (std::size_t i = 0; i < named; ++i) {
        const bool last = i > 0 && i + 1 == arguments.size();
        text += (i == 0 ? ""
                 : last ? " and "
                        : ", ") +
                shell_words({spec.command[arguments[i]->index]});
    }
    if (arguments.size() > named)
        text += " and " + std::to_string(arguments.size() - named) + " more";
    if (arguments.size() > 1) return text + " name files";
    return text + (arguments.front()->directory ? " names a directory" : " names a file");
}

std::string binds_of(const std::vector<const HostArgument*>& arguments) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < std::min(arguments.size(), most_named); ++i) {
        words.insert(words.end(), {"--ro-bind", arguments[i]->path, arguments[i]->inside});
    }
    return shell_words(words) + (words.size() > 3 ? " show them" : " shows it") +
           " (--bind: to be written to)";
}

}  // namespace

std::vector<HostArgument> arguments_not_inside(const Spec& spec, const Host& host) {
    return Arguments(spec, host).all();
}

std::vector<OutsideArguments> outside_arguments(const Spec& spec, const Host& host) {
    std::vector<const HostArgument*> here;  // of the working directory, which is not inside
    std::vector<const HostArgument*> others;
    std::vector<const HostArgument*> values;
    for (const HostArgument& one : host.outside_arguments) {
        auto& list = one.form == HostArgument::Form::value ? values
                     : one.inside.empty()                  ? here
                                                           : others;
        list.push_back(&one);
    }
    std::vector<OutsideArguments> out;
    if (!here.empty()) {
        out.push_back({subject_of(spec, here) + " of the working directory " +
                           shell_words({host.cwd}) + ", which is not inside; --bind " +
                           shell_words({".", host.cwd}) +
                           " brings it in (--ro-bind: to be read only)",
                       false, true});
    }
    for (const auto* list : {&others, &values}) {
        if (list->empty()) continue;
        out.push_back(
            {subject_of(spec, *list) +
                 (list->size() == 1 ? " that is not inside; " : " that are not inside; ") +
                 binds_of(*list),
             list == &values});
    }
    return out;
}

}  // namespace sbx::planning
