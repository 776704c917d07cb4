using Cluster.Api;
using Cluster.Api.MetaV1;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Registry;

/// <summary>The times in managedFields.</summary>
internal static class OwnerTimes
{
    /// <summary>Puts the old times back where they would be all that is new, so that a write that changes nothing stores nothing.</summary>
    public static void KeepIfNothingElseChanged(IApiObject obj, IApiObject old)
    {
        var (now, before) = (obj.Metadata.ManagedFields, old.Metadata.ManagedFields);
        if (now.Equals(before) || !AreEqualButForTimes(now, before))
            return;
        var made = now.Clone();
        now.Clear();
        now.Add(before.Clone());
        if (obj.Equals(old))
            return;
        now.Clear();
        now.Add(made);
    }

    private static bool AreEqualButForTimes(RepeatedField<ManagedFieldsEntry> left, RepeatedField<ManagedFieldsEntry> right)
    {
        if (left.Count != right.Count)
            return false;
        foreach (var entry in left)
        {
            if (!right.Any(other => AreEqualButForTimes(entry, other)))
                return false;
        }

        return true;
    }

    private static bool AreEqualButForTimes(ManagedFieldsEntry left, ManagedFieldsEntry right) =>
        left.Manager == right.Manager && left.Operation == right.Operation && left.ApiVersion == right.ApiVersion
        && left.Subresource == right.Subresource && Equals(left.FieldsV1, right.FieldsV1);
}
