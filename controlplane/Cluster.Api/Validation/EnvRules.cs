using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>A container's environment variables and where their values come from.</summary>
internal static class EnvRules
{
    private const string OnlyOne = "may not have more than one field specified at a time";

    public static void Check(Container container, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < container.Env.Count; i++)
        {
            Variable(container.Env[i], path.Child("env").Index(i), errors);
        }
        for (var i = 0; i < container.EnvFrom.Count; i++)
        {
            Source(container.EnvFrom[i], path.Child("envFrom"), path.Child("envFrom").Index(i), errors);
        }
    }

    private static void Variable(EnvVar variable, FieldPath path, FieldErrors errors)
    {
        if (errors.Present(path.Child("name"), variable.Name))
        {
            errors.Format(path.Child("name"), variable.Name, NameFormats.EnvVarName);
        }
        if (variable.ValueFrom is { } source)
        {
            ValueFrom(source, variable.Value.Length > 0, path.Child("valueFrom"), errors);
        }
    }

    private static void ValueFrom(EnvVarSource source, bool hasValue, FieldPath path, FieldErrors errors)
    {
        var count = new object?[] { source.FieldRef, source.ResourceFieldRef, source.ConfigMapKeyRef, source.SecretKeyRef }
            .Count(given => given is not null);
        if (source.FieldRef is { } field)
        {
            DownwardRules.Field(field, DownwardRules.EnvFields, path.Child("fieldRef"), errors);
        }
        if (source.ResourceFieldRef is { } resource)
        {
            DownwardRules.Resource(resource, needsContainer: false, path.Child("resourceFieldRef"), errors);
        }
        if (source.ConfigMapKeyRef is { } configMap)
        {
            KeyRef(configMap.LocalObjectReference?.Name, configMap.Key, path.Child("configMapKeyRef"), errors);
        }
        if (source.SecretKeyRef is { } secret)
        {
            KeyRef(secret.LocalObjectReference?.Name, secret.Key, path.Child("secretKeyRef"), errors);
        }
        if (count == 0)
        {
            errors.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        }
        else if (hasValue)
        {
            errors.Invalid(path, "", "may not be specified when `value` is not empty");
        }
        else if (count > 1)
        {
            errors.Invalid(path, "", OnlyOne);
        }
    }

    private static void KeyRef(string? name, string key, FieldPath path, FieldErrors errors)
    {
        errors.Format(path.Child("name"), name ?? "", NameFormats.Dns1123Subdomain);
        if (errors.Present(path.Child("key"), key))
        {
            errors.Format(path.Child("key"), key, NameFormats.ConfigKey);
        }
    }

    private static void Source(EnvFromSource source, FieldPath list, FieldPath path, FieldErrors errors)
    {
        errors.OptionalFormat(path.Child("prefix"), source.Prefix, NameFormats.EnvVarName);
        if (source.ConfigMapRef is { } configMap)
        {
            Reference(configMap.LocalObjectReference?.Name, path.Child("configMapRef"), errors);
        }
        if (source.SecretRef is { } secret)
        {
            Reference(secret.LocalObjectReference?.Name, path.Child("secretRef"), errors);
        }
        if (source is { ConfigMapRef: null, SecretRef: null })
        {
            errors.Invalid(list, "", "must specify one of: `configMapRef` or `secretRef`");
        }
        else if (source is { ConfigMapRef: not null, SecretRef: not null })
        {
            errors.Invalid(list, "", OnlyOne);
        }
    }

    private static void Reference(string? name, FieldPath path, FieldErrors errors)
    {
        if (errors.Present(path.Child("name"), name ?? ""))
        {
            errors.Format(path.Child("name"), name!, NameFormats.Dns1123Subdomain);
        }
    }
}
