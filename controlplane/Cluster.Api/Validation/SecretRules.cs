using Cluster.Api.CoreV1;
using Cluster.Api.Json;

namespace Cluster.Api.Validation;

internal sealed class SecretRules : KindRules<Secret>
{
    private static readonly FieldPath Data = FieldPath.Root("data");

    protected override void Check(Secret obj, FieldErrors errors)
    {
        var bytes = 0L;
        foreach (var (key, value) in obj.Data)
        {
            errors.Format(Data.Key(key), key, NameFormats.ConfigKey);
            bytes += value.Length;
        }
        if (bytes > ConfigMapRules.MaxBytes)
        {
            errors.TooLong(Data, ConfigMapRules.MaxBytes);
        }
        CheckType(obj, errors);
    }

    protected override void CheckUpdate(Secret obj, Secret before, FieldErrors errors)
    {
        errors.Unchanged(FieldPath.Root("type"), obj.Type, before.Type);
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
    }

    /// <summary>What the standard types must hold.</summary>
    private static void CheckType(Secret obj, FieldErrors errors)
    {
        switch (obj.Type)
        {
            case TokenSecrets.Type:
                if (string.IsNullOrEmpty(obj.Metadata?.Annotations.GetValueOrDefault(TokenSecrets.AccountAnnotation)))
                {
                    errors.Required(FieldPath.Metadata.Child("annotations").Key(TokenSecrets.AccountAnnotation));
                }
                break;
            case "kubernetes.io/dockercfg":
                RequireJson(obj, ".dockercfg", errors);
                break;
            case "kubernetes.io/dockerconfigjson":
                RequireJson(obj, ".dockerconfigjson", errors);
                break;
            case "kubernetes.io/basic-auth" when !obj.Data.ContainsKey("username") && !obj.Data.ContainsKey("password"):
                errors.Required(Data.Key("username"));
                errors.Required(Data.Key("password"));
                break;
            case "kubernetes.io/ssh-auth" when obj.Data.GetValueOrDefault("ssh-privatekey") is not { Length: > 0 }:
                errors.Required(Data.Key("ssh-privatekey"));
                break;
            case "kubernetes.io/tls":
                RequireKey(obj, "tls.crt", errors);
                RequireKey(obj, "tls.key", errors);
                break;
        }
    }

    private static void RequireKey(Secret obj, string key, FieldErrors errors)
    {
        if (!obj.Data.ContainsKey(key))
        {
            errors.Required(Data.Key(key));
        }
    }

    private static void RequireJson(Secret obj, string key, FieldErrors errors)
    {
        if (!obj.Data.TryGetValue(key, out var value))
        {
            errors.Required(Data.Key(key));
        }
        else if (GoJsonSyntax.Error(value.Span) is { } error)
        {
            errors.Invalid(Data.Key(key), "<secret contents redacted>", error);
        }
    }
}
