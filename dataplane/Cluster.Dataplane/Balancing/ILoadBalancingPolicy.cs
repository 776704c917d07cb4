using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Chooses one of the backends that may answer. To add a policy: one class, and one line in <see cref="BalancingPolicies"/>.</summary>
/// <remarks>
/// <see cref="Pick"/> is called by many loops at once, for each connection or new session: no locks, no allocation in the steady state.
/// What must be remembered between picks belongs to the <see cref="ServiceState"/>; the backends differ from call to call as tables change.
/// </remarks>
public interface ILoadBalancingPolicy
{
    /// <summary>The name a service asks for it by.</summary>
    string Name { get; }

    /// <summary>A backend of twice the weight gets twice as much; false where all get the same.</summary>
    bool Weighs => false;

    /// <summary>
    /// What picks among these backends need worked out beforehand (a schedule, a hash table); null for nothing. Called once for each change
    /// of a service's backends, by the directory's writer, with one backend at least; comes back as <see cref="BackendSet.Plan"/>.
    /// </summary>
    object? Prepare(Backend[] candidates) => null;

    /// <summary>The same for backends that a traffic policy of Local has chosen by their place: nothing else of their place counts then, as in kube-proxy.</summary>
    object? PrepareLocal(Backend[] candidates) => Prepare(candidates);

    /// <summary>
    /// Told where a connection was given another backend than was picked for it, as it had tried that one before: what remembers clients'
    /// backends remembers this one.
    /// </summary>
    void Moved(ServiceState state, in PickContext context, Backend backend)
    {
    }

    /// <summary>A backend of <paramref name="candidates"/>, or null where there is none.</summary>
    Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context);
}
