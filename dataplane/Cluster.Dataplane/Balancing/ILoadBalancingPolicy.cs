using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Chooses one of the backends that may answer. To add a policy: one class, and one line in <see cref="BalancingPolicies"/>.</summary>
/// <remarks>
/// Called by many loops at once, for each connection or new session: no locks, no allocation in the steady state. What must be
/// remembered between picks belongs to the <see cref="ServiceState"/>; the backends differ from call to call as tables change.
/// </remarks>
public interface ILoadBalancingPolicy
{
    /// <summary>The name a service asks for it by.</summary>
    string Name { get; }

    /// <summary>A backend of <paramref name="candidates"/>, or null where there is none.</summary>
    Backend? Pick(ReadOnlySpan<Backend> candidates, ServiceState state, in PickContext context);
}
