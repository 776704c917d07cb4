using Cluster.Api;
using Cluster.Storage;

namespace Cluster.ApiServer.Strategies;

/// <summary>What a write must compare and do besides the object itself.</summary>
/// <param name="Operations">Puts and deletes.</param>
/// <param name="Claims">Keys that must not exist yet, each with the failure if they do; null: choose another one and try again.</param>
internal sealed record ClaimPlan(IReadOnlyList<StoreOp> Operations, IReadOnlyList<(string Key, StatusException? Failure)> Claims)
{
    public static ClaimPlan None { get; } = new([], []);

    public IEnumerable<StoreCompare> Compares => Claims.Select(claim => new StoreCompare(claim.Key, 0));

    /// <summary>
    /// The transaction failed: refuses what was asked for and is taken, and adds what was only chosen to <paramref name="taken"/>.
    /// </summary>
    /// <param name="current">The claims' keys as they are, in the order of <see cref="Claims"/>.</param>
    /// <param name="taken">Grows.</param>
    /// <returns>Something was taken: plan again.</returns>
    public bool Lose(IEnumerable<StoreEntry?> current, ISet<string> taken)
    {
        var lost = false;
        foreach (var ((key, failure), entry) in Claims.Zip(current))
        {
            if (entry is null)
                continue;

            if (failure is not null)
                throw failure;

            lost = true;
            taken.Add(key);
        }

        return lost;
    }
}
