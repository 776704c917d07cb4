using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;

namespace Cluster.Api.Defaulting;

/// <summary>Amounts of resources are kept in thousandths; what is finer is rounded up.</summary>
internal static class ResourceListDefaults
{
    public static void Apply(ResourceRequirements? resources)
    {
        if (resources is not null)
        {
            Apply(resources.Limits);
            Apply(resources.Requests);
        }
    }

    public static void Apply(IDictionary<string, Quantity> amounts)
    {
        foreach (var quantity in amounts.Values)
        {
            // Only micro and nano are finer in canonical text, and a decoded quantity is canonical.
            if (quantity.String is [.., 'u' or 'n'] && QuantityValue.TryParse(quantity.String, out var value))
            {
                quantity.String = QuantityValue.FromMilli(value.MilliValue).ToString();
            }
        }
    }
}
