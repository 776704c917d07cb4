using Cluster.Api.MetaV1;

namespace Cluster.Api.Apply.Managers;

/// <summary>A field that an apply would change, and the other one that owns it.</summary>
/// <param name="Owner">Who owns it.</param>
/// <param name="Path">The field.</param>
internal readonly record struct Conflict(ManagerId Owner, string Path)
{
    /// <summary>The 409 that tells of all conflicts, each a cause.</summary>
    public static StatusException Refusal(IReadOnlyList<Conflict> conflicts)
    {
        var details = new StatusDetails();
        foreach (var conflict in conflicts)
        {
            details.Causes.Add(new StatusCause
            {
                Reason = "FieldManagerConflict", Message = $"conflict with {conflict.Owner}", Field = conflict.Path,
            });
        }

        return new StatusException(new Status
        {
            Metadata = new ListMeta(), Status_ = "Failure", Code = 409, Reason = "Conflict", Message = Message(conflicts), Details = details,
        });
    }

    private static string Message(IReadOnlyList<Conflict> conflicts)
    {
        if (conflicts.Count == 1)
            return $"Apply failed with 1 conflict: conflict with {conflicts[0].Owner}: {conflicts[0].Path}";
        var lines = conflicts.GroupBy(conflict => conflict.Owner).OrderBy(group => group.Key)
            .SelectMany(group => group.Select(conflict => $"- {conflict.Path}").Prepend($"conflicts with {group.Key}:"));
        return $"Apply failed with {conflicts.Count} conflicts: {string.Join('\n', lines)}";
    }
}
