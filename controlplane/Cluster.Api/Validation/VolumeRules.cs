using Cluster.Api.CoreV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Validation;

/// <summary>The volumes of a pod: names, and that each has one source.</summary>
internal static class VolumeRules
{
    // Of several the first is the volume and the others are one too many, so the order is what an error names.
    private static readonly FieldDescriptor[] Sources =
    [
        .. new[] { "emptyDir", "hostPath" }.Select(VolumeSource.Descriptor.FindFieldByName),
        .. VolumeSource.Descriptor.Fields.InDeclarationOrder().Where(field => field.Name is not ("emptyDir" or "hostPath")),
    ];

    /// <returns>The volumes a container may mount, by name.</returns>
    public static IReadOnlyDictionary<string, VolumeSource> Check(IReadOnlyList<Volume> volumes, FieldPath path, FieldErrors errors)
    {
        var known = new Dictionary<string, VolumeSource>();
        for (var i = 0; i < volumes.Count; i++)
        {
            var (volume, at) = (volumes[i], path.Index(i));
            var count = errors.Found;
            Source(volume.VolumeSource ?? new VolumeSource(), at, errors);
            if (errors.Present(at.Child("name"), volume.Name))
            {
                errors.Format(at.Child("name"), volume.Name, NameFormats.Dns1123Label);
                if (known.ContainsKey(volume.Name))
                {
                    errors.Duplicate(at.Child("name"), volume.Name);
                }
            }
            if (errors.Found == count)
            {
                known[volume.Name] = volume.VolumeSource ?? new VolumeSource();
            }
        }
        return known;
    }

    private static void Source(VolumeSource source, FieldPath path, FieldErrors errors)
    {
        var given = Sources.Where(field => field.Accessor.HasValue(source)).ToList();
        if (given.Count == 0)
        {
            errors.Required(path, "must specify a volume type");
            return;
        }
        foreach (var extra in given.Skip(1))
        {
            errors.Forbidden(path.Child(extra.JsonName), "may not specify more than 1 volume type");
        }
        VolumeSourceRules.Check(source, given[0], path.Child(given[0].JsonName), errors);
    }
}
