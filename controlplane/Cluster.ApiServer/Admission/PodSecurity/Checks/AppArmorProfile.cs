namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>appArmorProfile: the runtime's profile may be replaced by one of the node's, and not be turned off. By field, or by the annotation that was before it.</summary>
internal static class AppArmorProfile
{
    private const string AnnotationPrefix = "container.apparmor.security.beta.kubernetes.io/";

    public static Violation? Check(PodSubject pod)
    {
        var (values, setters) = (new SortedSet<string>(StringComparer.Ordinal), new List<string>());
        var isPodBad = Note(pod.Security?.AppArmorProfile?.Type, values);
        var containers = pod.Containers.Where(one => Note(one.Security?.AppArmorProfile?.Type, values)).Select(one => one.Name).ToList();
        if (Wording.Setters(isPodBad, containers) is { } who)
            setters.Add(who);

        var annotations = pod.Annotations.Where(one => one.Key.StartsWith(AnnotationPrefix, StringComparison.Ordinal) && !IsAllowedAnnotation(one.Value))
            .Select(one => $"{one.Key}={Api.GoText.Quote(one.Value)}").Order(StringComparer.Ordinal).ToList();
        if (annotations.Count > 0)
            setters.Add(Wording.Plural("annotation", "annotations", annotations.Count));
        if (setters.Count == 0)
            return null;

        string[] all = [.. values, .. annotations];
        return new Violation(
            Wording.Plural("forbidden AppArmor profile", "forbidden AppArmor profiles", all.Length),
            $"{string.Join(" and ", setters)} must not set AppArmor profile type to {Wording.Quoted(all)}");
    }

    private static bool Note(string? type, SortedSet<string> values)
    {
        if (type is null or "RuntimeDefault" or "Localhost")
            return false;
        values.Add(type);
        return true;
    }

    private static bool IsAllowedAnnotation(string profile) => profile is "" or "runtime/default" || profile.StartsWith("localhost/", StringComparison.Ordinal);
}
