using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>seLinuxOptions: one of the types for containers, and neither a user nor a role.</summary>
internal static class SelinuxOptions
{
    private static readonly HashSet<string> Types = ["", "container_t", "container_init_t", "container_kvm_t"];
    private static readonly HashSet<string> TypesSince31 = [.. Types, "container_engine_t"];

    public static Violation? Check(PodSubject pod) => Check(pod, Types);

    public static Violation? CheckSince31(PodSubject pod) => Check(pod, TypesSince31);

    private static Violation? Check(PodSubject pod, HashSet<string> types)
    {
        List<SELinuxOptions> bad = [];
        var isPodBad = Note(pod.Security?.SeLinuxOptions, types, bad);
        var containers = pod.Containers.Where(one => Note(one.Security?.SeLinuxOptions, types, bad)).Select(one => one.Name).ToList();
        if (Wording.Setters(isPodBad, containers) is not { } who)
            return null;

        List<string> what = [];
        var wrong = new SortedSet<string>(bad.Select(one => one.Type).Where(type => !types.Contains(type)), StringComparer.Ordinal);
        if (wrong.Count > 0)
            what.Add($"{Wording.Plural("type", "types", wrong.Count)} {Wording.Quoted(wrong)}");
        if (bad.Exists(one => one.User.Length > 0))
            what.Add("user may not be set");
        if (bad.Exists(one => one.Role.Length > 0))
            what.Add("role may not be set");
        return new Violation("seLinuxOptions", $"{who} set forbidden securityContext.seLinuxOptions: {string.Join("; ", what)}");
    }

    private static bool Note(SELinuxOptions? options, HashSet<string> types, List<SELinuxOptions> bad)
    {
        if (options is null || (types.Contains(options.Type) && options.User.Length == 0 && options.Role.Length == 0))
            return false;
        bad.Add(options);
        return true;
    }
}
