namespace Cluster.LoadTests.Candidates;

/// <summary>Something that can stand between a client and its backend.</summary>
internal abstract class Candidate(string name, string title)
{
    /// <summary>As on the command line and in the data.</summary>
    public string Name { get; } = name;

    /// <summary>As in the table.</summary>
    public string Title { get; } = title;

    /// <summary>Its version as it says itself; null where it has none of its own.</summary>
    public virtual string? Version(Stage stage) => null;

    public virtual bool Supports(Transport transport) => true;

    /// <exception cref="NotAvailableException">It can't be measured here.</exception>
    public abstract RunningCandidate Start(Stage stage, Transport transport);
}
