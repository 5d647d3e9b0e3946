// SPDX-License-Identifier: Apache-2.0
#include "plan/other_home.hpp"

#include "base/text.hpp"
#include "plan/planning.hpp"
#include "plan/warning_words.hpp"

#include <algorithm>
#include <string_view>

namespace sbx::planning {
namespace {

bool is_strictly_below(std::string_view path, std::string_view base) {
    return path != base && is_at_or_below(path, base);
}

// The part of `path`, below `home`, that one tool has: "/.cargo", "/.cache/pip", "/go".
std::string_view part_of_tool(std::string_view path, std::string_view home) {
    std::string_view rest = path.substr(home.size());
    const bool shared = rest.starts_with("/.cache/") || rest.starts_with("/.config/");
    const std::size_t from = shared ? rest.find('/', 1) + 1 : 1;
    return rest.substr(0, rest.find('/', from));
}

// Whether tools look for `part` below HOME by themselves. Of a directory without a dot the caller
// gave the name, but for the one that the tools of Go share.
bool is_looked_for(std::string_view part) { return part.starts_with("/.") || part == "/go"; }

// Calls `use` with each absolute path in `text`: "/a" and "/b" of "-x=/a:/b".
template <typename Use>
void for_each_path(std::string_view text, const Use& use) {
    for (std::size_t at = text.find('/'); at < text.size(); at = text.find('/', at)) {
        const std::size_t end = std::min(text.find_first_of(":=,; \t\n'\"", at), text.size());
        use(lexically_clean(text.substr(at, end - at)));
        at = end;
    }
}

class Homes {
public:
    Homes(const Spec& spec, const Host& host, const Sight& sight,
          const std::vector<std::string>& environment)
        : spec_(spec), host_(host), sight_(sight), environment_(environment) {}

    std::vector<std::pair<std::size_t, std::string>> binds() {
        std::vector<std::pair<std::size_t, std::string>> out;
        const auto outside = variable(host_.environment, "HOME");
        const auto inside = variable(environment_, "HOME");
        if (!outside || !inside || outside == inside) return out;
        if (outside->front() != '/' || inside->front() != '/') return out;
        home_ = lexically_clean(*outside);
        const std::string other = lexically_clean(*inside);
        if (home_ == "/" || home_ == other) return out;
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!is_missed(i, other)) continue;
            entry::Bind moved = std::get<entry::Bind>(spec_.entries[i]);
            moved.destination = rebased(sight_.places()[i], home_, other);
            out.emplace_back(i, option_of(spec_.entries[i]) +
                                    " is not found by programs that look in HOME, which is " +
                                    shell_words({other}) + " inside; " + option_of(moved) +
                                    " shows it there");
        }
        return out;
    }

private:
    bool is_missed(std::size_t index, const std::string& other) {
        const auto* bind = std::get_if<entry::Bind>(&spec_.entries[index]);
        const std::string& place = sight_.places()[index];
        if (bind == nullptr || sight_.left_out(index) || !is_strictly_below(place, home_))
            return false;
        const std::string_view part = part_of_tool(place, home_);
        const std::string& real = sight_.source(index).path;
        const bool same = lexically_clean(bind->source) == place || real == place;
        if (!same || !is_looked_for(part) || is_strictly_below(place, other)) return false;
        if (sight_.shows(place) != index || sight_.may_be_inside(rebased(place, home_, other)))
            return false;
        return !is_named(part);
    }

    // Whether the environment, the command or the working directory has a path of the same tool,
    // or one above.
    bool is_named(std::string_view part) {
        if (!looked_) look();
        return std::any_of(named_.begin(), named_.end(), [&](const std::string& path) {
            return is_at_or_below(path, home_ + std::string(part)) ||
                   is_at_or_below(home_ + std::string(part), path);
        });
    }

    void look() {
        looked_ = true;
        const auto add = [this](std::string path) {
            if (is_strictly_below(path, home_)) named_.push_back(std::move(path));
        };
        for (const std::string& one : environment_) {
            if (!one.starts_with("OLDPWD=")) for_each_path(one, add);
        }
        for (const std::string& word : spec_.command) for_each_path(word, add);
        for (const std::string& path : {host_.cwd, host_.real_cwd, spec_.directory.value_or("")}) {
            if (!path.empty()) add(lexically_clean(path));
        }
    }

    const Spec& spec_;
    const Host& host_;
    const Sight& sight_;
    const std::vector<std::string>& environment_;
    std::string home_;
    std::vector<std::string> named_;
    bool looked_ = false;
};

}  // namespace

std::vector<std::pair<std::size_t, std::string>> binds_in_other_home(
    const Spec& spec, const Host& host, const Sight& sight,
    const std::vector<std::string>& environment) {
    return Homes(spec, host, sight, environment).binds();
}

}  // namespace sbx::planning
