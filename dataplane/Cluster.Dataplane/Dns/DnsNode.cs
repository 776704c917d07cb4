namespace Cluster.Dataplane.Dns;

/// <summary>A name of the zone with what it has: nothing, where names stand below it only. Immutable.</summary>
internal sealed class DnsNode(byte[] name, DnsRecordSet[] sets) : NameEntry(name)
{
    public DnsRecordSet[] Sets => sets;

    /// <summary>The alias the name is, or null.</summary>
    public DnsRecordSet? Alias { get; } = Array.Find(sets, set => set.Type == DnsType.CNAME);

    public DnsRecordSet? Find(DnsType type)
    {
        foreach (DnsRecordSet set in sets)
            if (set.Type == type) return set;
        return null;
    }

    public override int Touch() => base.Touch() + (sets.Length > 0 ? sets[0].Touch() : 0);

    public static DnsNode? Of(string name, IEnumerable<DnsRecord> records) =>
        WireName.FromText(name) is { } wire
            ? new DnsNode(wire, [.. records.Distinct().GroupBy(record => record.Type).Select(group => DnsRecordSet.Of(group.Key, group)).OfType<DnsRecordSet>()])
            : null;

    public bool Equals(DnsNode other) => sets.Length == other.Sets.Length && !sets.Where((set, i) => !set.Equals(other.Sets[i])).Any();
}
