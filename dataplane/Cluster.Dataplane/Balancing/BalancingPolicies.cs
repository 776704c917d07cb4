using System.Collections.Frozen;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>The policies by name, and the one a service port gets.</summary>
public sealed class BalancingPolicies
{
    private readonly FrozenDictionary<string, ILoadBalancingPolicy> _byName;
    private readonly ILoadBalancingPolicy _default;
    private readonly TimeProvider _time;
    private readonly Dictionary<(string, string?, int, TimeSpan), ILoadBalancingPolicy> _combined = [];

    private BalancingPolicies(TimeProvider time, params ILoadBalancingPolicy[] policies)
    {
        _time = time;
        _default = policies[0];
        Names = [.. policies.Select(policy => policy.Name)];
        _byName = policies.ToFrozenDictionary(policy => policy.Name);
    }

    /// <summary>Every policy of this library; the first is the default. A new policy is registered here.</summary>
    public static BalancingPolicies BuiltIn(TimeProvider time) => new(
        time, new RoundRobinPolicy(), new WeightedPolicy(), new PowerOfTwoChoicesPolicy(Random.Shared), new MaglevPolicy());

    /// <summary>Names a service may ask for, the default first.</summary>
    public IReadOnlyList<string> Names { get; }

    public bool Knows(string name) => _byName.ContainsKey(name);

    /// <summary>The policy of a service port; an unknown name gets the default. For the directory's one writer.</summary>
    public ILoadBalancingPolicy For(ServicePort port)
    {
        var policy = port.Policy is { } name && _byName.TryGetValue(name, out var named) ? named : _default;
        return port.AffinityTimeout > TimeSpan.Zero || port.PreferredZone is not null ? Combined(policy, port) : policy;
    }

    // Services that ask for the same share one policy object: what differs between them is in their state.
    private ILoadBalancingPolicy Combined(ILoadBalancingPolicy inner, ServicePort port)
    {
        var key = (inner.Name, port.PreferredZone, port.ZoneSpillOver, port.AffinityTimeout);
        if (_combined.TryGetValue(key, out var policy)) return policy;
        policy = inner;
        if (port.PreferredZone is { } zone) policy = new ZonePreferencePolicy(policy, zone, port.ZoneSpillOver);
        if (port.AffinityTimeout > TimeSpan.Zero) policy = new ClientIpAffinityPolicy(policy, port.AffinityTimeout, _time);
        return _combined[key] = policy;
    }
}
