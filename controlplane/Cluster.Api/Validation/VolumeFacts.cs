using Cluster.Api.Quantities;
using Cluster.Api.Resource;

namespace Cluster.Api.Validation;

/// <summary>What volumes and claims for them have in common.</summary>
internal static class VolumeFacts
{
    private const string Exclusive = "ReadWriteOncePod";

    private static readonly string[] AllModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", Exclusive];

    public static void AccessModes(IReadOnlyList<string> modes, FieldPath path, FieldErrors errors)
    {
        foreach (var mode in modes.Where(mode => !AllModes.Contains(mode)))
        {
            errors.NotSupported(path, mode, AllModes);
        }
        if (modes.Contains(Exclusive) && modes.Any(mode => mode != Exclusive && AllModes.Contains(mode)))
        {
            errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
        }
    }

    public static void Mode(bool isGiven, string mode, FieldPath path, FieldErrors errors)
    {
        if (isGiven && mode is not ("Block" or "Filesystem"))
        {
            errors.NotSupported(path, mode, ["Block", "Filesystem"]);
        }
    }

    public static void Positive(Quantity amount, FieldPath path, FieldErrors errors)
    {
        if (!QuantityValue.TryParse(amount.String, out var value) || value.Sign <= 0)
        {
            errors.Invalid(path, amount.String, "must be greater than zero");
        }
    }
}
