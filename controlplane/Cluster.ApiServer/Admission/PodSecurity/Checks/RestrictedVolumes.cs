using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>restrictedVolumes: what is not of the API itself comes through claims.</summary>
internal static class RestrictedVolumes
{
    public static Violation? Check(PodSubject pod)
    {
        var types = new SortedSet<string>(StringComparer.Ordinal);
        List<string> names = [];
        foreach (var volume in pod.Spec.Volumes)
        {
            if (BadType(volume.VolumeSource) is not { } type)
                continue;
            types.Add(type);
            names.Add(volume.Name);
        }

        return names.Count == 0 ? null : new Violation(
            "restricted volume types",
            $"{Wording.Plural("volume", "volumes", names.Count)} {Wording.Quoted(names)} {Wording.Plural("uses", "use", names.Count)} {Wording.Plural("restricted volume type", "restricted volume types", types.Count)} {Wording.Quoted(types)}");
    }

    // By the names of the API's fields. Whoever may choose an image may mount one.
    private static string? BadType(VolumeSource? source)
    {
        var set = source is null ? null : VolumeSource.Descriptor.Fields.InDeclarationOrder().FirstOrDefault(field => field.Accessor.GetValue(source) is not null)?.Name;
        return set is "configMap" or "csi" or "downwardAPI" or "emptyDir" or "ephemeral" or "image" or "persistentVolumeClaim" or "projected" or "secret" ? null : set ?? "unknown";
    }
}
