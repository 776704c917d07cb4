using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

internal sealed class ConfigMapRules : KindRules<ConfigMap>
{
    internal const int MaxBytes = 1024 * 1024;

    private static readonly FieldPath Data = FieldPath.Root("data");
    private static readonly FieldPath BinaryData = FieldPath.Root("binaryData");

    protected override void Check(ConfigMap obj, FieldErrors errors)
    {
        var bytes = 0L;
        foreach (var (key, value) in obj.Data)
        {
            errors.Format(Data.Key(key), key, NameFormats.ConfigKey);
            if (obj.BinaryData.ContainsKey(key))
            {
                errors.Invalid(Data.Key(key), key, "duplicate of key present in binaryData");
            }
            bytes += System.Text.Encoding.UTF8.GetByteCount(value);
        }
        foreach (var (key, value) in obj.BinaryData)
        {
            errors.Format(BinaryData.Key(key), key, NameFormats.ConfigKey);
            bytes += value.Length;
        }
        if (bytes > MaxBytes)
        {
            errors.Add(FieldError.TooLong("", MaxBytes));
        }
    }

    protected override void CheckUpdate(ConfigMap obj, ConfigMap before, FieldErrors errors)
    {
        if (!before.Immutable)
        {
            return;
        }
        const string frozen = "field is immutable when `immutable` is set";
        if (!obj.Immutable)
        {
            errors.Forbidden(FieldPath.Root("immutable"), frozen);
        }
        if (!obj.Data.Equals(before.Data))
        {
            errors.Forbidden(Data, frozen);
        }
        if (!obj.BinaryData.Equals(before.BinaryData))
        {
            errors.Forbidden(BinaryData, frozen);
        }
    }
}
