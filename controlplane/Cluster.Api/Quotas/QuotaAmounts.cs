using Cluster.Api.Quantities;
using Cluster.Api.Resource;

namespace Cluster.Api.Quotas;

/// <summary>Sums over amounts by name.</summary>
public static class QuotaAmounts
{
    /// <summary>The amounts of a message.</summary>
    /// <exception cref="FormatException">One is no quantity.</exception>
    public static Dictionary<string, QuantityValue> From(IDictionary<string, Quantity> amounts) =>
        amounts.ToDictionary(one => one.Key, one => QuantityValue.From(one.Value));

    public static void Add(Dictionary<string, QuantityValue> total, IReadOnlyDictionary<string, QuantityValue> amounts)
    {
        foreach (var (name, amount) in amounts)
        {
            total[name] = total.GetValueOrDefault(name) + amount;
        }
    }

    /// <summary>What is more in <paramref name="now"/> than in <paramref name="before"/>; what is not more is left out.</summary>
    public static Dictionary<string, QuantityValue> Growth(
        IReadOnlyDictionary<string, QuantityValue> now, IReadOnlyDictionary<string, QuantityValue> before) =>
        now.Select(one => KeyValuePair.Create(one.Key, one.Value - before.GetValueOrDefault(one.Key)))
            .Where(one => one.Value.Sign > 0).ToDictionary();

    /// <summary>As messages print them: <c>cpu=1,pods=2</c>, in order of the names.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, QuantityValue>> amounts) =>
        string.Join(',', amounts.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={one.Value}"));
}
