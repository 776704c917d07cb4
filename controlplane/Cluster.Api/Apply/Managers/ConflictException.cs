using Cluster.Api.Apply.Fields;

namespace Cluster.Api.Apply.Managers;

/// <summary>An apply met fields of other owners. Never leaves <see cref="FieldManager"/>, which makes a Status of it.</summary>
/// <param name="fields">What of each owner.</param>
internal sealed class ConflictException(IReadOnlyList<(ManagerId Owner, FieldSet Fields)> fields) : Exception("conflict")
{
    public FieldSet All { get; } = fields.Aggregate(FieldSet.Empty, (all, next) => all.Union(next.Fields));

    /// <summary>The conflicts that are not about some fields.</summary>
    public StatusException Refusal(FieldSet? allowed = null) => Conflict.Refusal(
        [.. from owner in fields
            orderby owner.Owner
            from path in (allowed is null ? owner.Fields : owner.Fields.Difference(allowed)).Paths()
            select new Conflict(owner.Owner, path)]);
}
