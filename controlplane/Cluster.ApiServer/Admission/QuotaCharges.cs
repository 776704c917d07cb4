using Cluster.Api.Quantities;

namespace Cluster.ApiServer.Admission;

/// <summary>What one request has been charged for, by object and quota: a write that is tried again, on a newer state or under another generated name, pays the difference.</summary>
/// <remarks>Belongs to its request; not for concurrent use.</remarks>
internal sealed class QuotaCharges
{
    private static readonly IReadOnlyDictionary<string, QuantityValue> Nothing = new Dictionary<string, QuantityValue>(StringComparer.Ordinal);

    private readonly Dictionary<(string Uid, string Key), IReadOnlyDictionary<string, QuantityValue>> _paid = [];

    /// <summary>Amounts by resource.</summary>
    /// <param name="uid">Of the object.</param>
    /// <param name="key">The quota's key in the store.</param>
    public IReadOnlyDictionary<string, QuantityValue> Paid(string uid, string key) => _paid.GetValueOrDefault((uid, key), Nothing);

    /// <summary>The quotas that were charged for an object.</summary>
    public IEnumerable<string> KeysOf(string uid) => _paid.Keys.Where(one => one.Uid == uid).Select(one => one.Key);

    /// <summary>Notes what has been paid in all.</summary>
    public void Note(string uid, string key, IReadOnlyDictionary<string, QuantityValue> amounts) => _paid[(uid, key)] = amounts;
}
