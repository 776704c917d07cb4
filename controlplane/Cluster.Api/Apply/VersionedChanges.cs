using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply;

/// <summary>What became of an object's fields, told in the names of any version of its kind.</summary>
/// <param name="spoken">The version of the write.</param>
/// <param name="changes">In that version.</param>
/// <param name="inOther">Compares once more, in another version.</param>
internal sealed class VersionedChanges(KindVersion spoken, FieldChanges changes, Func<KindVersion, FieldChanges> inOther)
{
    private readonly Dictionary<KindVersion, FieldChanges> others = [];

    public FieldChanges In(KindVersion version)
    {
        if (version == spoken)
            return changes;

        if (!others.TryGetValue(version, out var told))
            others[version] = told = inOther(version);
        return told;
    }
}
