using Cluster.Client;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>What a client looks at.</summary>
/// <param name="Namespace">Null: all.</param>
/// <param name="Label">The value of the label <c>app</c>; null: any.</param>
internal sealed record Scope(string? Namespace, string? Label)
{
    public string? Selector => Label is null ? null : $"app={Label}";

    /// <summary>The change as this scope sees it; null: not at all.</summary>
    public ResourceEventType? See(Change change)
    {
        if (Namespace is not null && change.Namespace != Namespace)
            return null;

        return (Holds(change.Before), Holds(change.After)) switch
        {
            (false, true) => ResourceEventType.Added,
            (true, true) => ResourceEventType.Modified,
            (true, false) => ResourceEventType.Deleted,
            _ => null,
        };
    }

    private bool Holds(string? label) => label is not null && (Label is null || label == Label);
}
