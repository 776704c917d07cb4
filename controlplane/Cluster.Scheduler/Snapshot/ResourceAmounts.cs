using Cluster.Api.Quantities;

namespace Cluster.Scheduler.Snapshot;

/// <summary>Amounts of each resource in whole units: cpu in thousandths, the others in bytes or pieces. Immutable.</summary>
public sealed class ResourceAmounts
{
    public static readonly ResourceAmounts None = new(0, 0, 0, []);

    private readonly Dictionary<string, long> _others;

    private ResourceAmounts(long milliCpu, long memory, long ephemeralStorage, Dictionary<string, long> others)
    {
        MilliCpu = milliCpu;
        Memory = memory;
        EphemeralStorage = ephemeralStorage;
        _others = others;
    }

    public long MilliCpu { get; }

    public long Memory { get; }

    public long EphemeralStorage { get; }

    /// <summary>Every other resource by name, such as <c>hugepages-2Mi</c> and <c>example.com/gpu</c>; for nodes also <c>pods</c>.</summary>
    public IReadOnlyDictionary<string, long> Others => _others;

    public long Other(string name) => _others.GetValueOrDefault(name);

    /// <summary>Fractions of a unit are rounded up.</summary>
    public static ResourceAmounts Of(IEnumerable<KeyValuePair<string, QuantityValue>> quantities)
    {
        var (cpu, memory, storage) = (0L, 0L, 0L);
        var others = new Dictionary<string, long>();
        foreach (var (name, amount) in quantities)
        {
            switch (name)
            {
                case "cpu": cpu = amount.MilliValue; break;
                case "memory": memory = amount.Value; break;
                case "ephemeral-storage": storage = amount.Value; break;
                default: others[name] = amount.Value; break;
            }
        }

        return new ResourceAmounts(cpu, memory, storage, others);
    }

    public ResourceAmounts Plus(ResourceAmounts other) => Combine(other, static (a, b) => a + b);

    public ResourceAmounts Minus(ResourceAmounts other) => Combine(other, static (a, b) => a - b);

    private ResourceAmounts Combine(ResourceAmounts other, Func<long, long, long> combine) => new(
        combine(MilliCpu, other.MilliCpu),
        combine(Memory, other.Memory),
        combine(EphemeralStorage, other.EphemeralStorage),
        CombineOthers(other, combine));

    private Dictionary<string, long> CombineOthers(ResourceAmounts other, Func<long, long, long> combine)
    {
        if (other._others.Count == 0)
            return _others;
        var combined = new Dictionary<string, long>(_others);
        foreach (var (name, amount) in other._others)
            combined[name] = combine(combined.GetValueOrDefault(name), amount);
        return combined;
    }
}
