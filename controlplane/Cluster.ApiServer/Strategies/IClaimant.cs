using Cluster.Api;

namespace Cluster.ApiServer.Strategies;

/// <summary>Gives an object things that only one object may hold (addresses, ports), or tells others of it (a node's ledger).</summary>
/// <remarks>Claims are keys of the store written in the object's own transaction: safe over any number of API servers.</remarks>
internal interface IClaimant
{
    /// <summary><see cref="Plan"/> fills in what the object was not given: a write that is tried again begins with the object as it was.</summary>
    bool FillsIn { get; }

    /// <summary>Fills in what the object was not given, and says what its transaction must compare and write besides.</summary>
    /// <param name="obj">The object about to be written; changed where the claimant <see cref="FillsIn"/>.</param>
    /// <param name="old">The object before; null on create.</param>
    /// <param name="taken">Keys an earlier try of this write has lost.</param>
    ClaimPlan Plan(IApiObject obj, IApiObject? old, IReadOnlySet<string> taken);

    /// <summary>The keys to delete with the object.</summary>
    IEnumerable<string> ClaimsOf(IApiObject obj);
}
