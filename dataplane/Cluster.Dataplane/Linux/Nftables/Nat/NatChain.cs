using Cluster.Dataplane.Linux.Nftables.Messages;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>A chain with its rules, in the bytes that the kernel gets.</summary>
internal sealed class NatChain(string name, params Action<NftRule>[] rules)
{
    private readonly byte[][] _rules = Array.ConvertAll(rules, NftRule.Write);

    public string Name { get; } = name;

    public IReadOnlyList<byte[]> Rules => _rules;

    public bool HasSameRules(NatChain other)
    {
        if (_rules.Length != other._rules.Length) return false;
        for (var i = 0; i < _rules.Length; i++)
            if (!_rules[i].AsSpan().SequenceEqual(other._rules[i])) return false;
        return true;
    }
}
