using Cluster.Api.ApiExtensionsV1;

namespace Cluster.Api.Validation;

/// <summary>How a definition has its objects converted. The paths are those Kubernetes names, in which the webhook stands a level higher.</summary>
internal static class ConversionRules
{
    private const string OtherStrategy = "should not be set when strategy is not set to Webhook";

    private static readonly FieldPath Path = FieldPath.Spec.Child("conversion");
    private static readonly FieldPath Client = Path.Child("webhookClientConfig");
    private static readonly FieldPath ReviewVersions = Path.Child("conversionReviewVersions");
    private static readonly string[] Known = ["v1", "v1beta1"];

    /// <param name="conversion">As it is to be; null: nothing is converted.</param>
    /// <param name="before">As it was; null in a new definition. One that had no version we know of may go without.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Check(CustomResourceConversion? conversion, CustomResourceConversion? before, FieldErrors errors)
    {
        if (conversion is null)
            return;
        errors.OneOf(Path.Child("strategy"), conversion.Strategy, "None", "Webhook");
        if (conversion.Strategy != "Webhook")
        {
            if (conversion.Webhook?.ClientConfig is not null)
                errors.Forbidden(Client, OtherStrategy);
            if (conversion.Webhook?.ConversionReviewVersions.Count > 0)
                errors.Forbidden(ReviewVersions, OtherStrategy);
            return;
        }

        if (conversion.Webhook?.ClientConfig is { } client)
            CheckClient(client, errors);
        else
            errors.Required(Client, "required when strategy is set to Webhook");
        CheckVersions(conversion.Webhook?.ConversionReviewVersions ?? [], IsRecognized(before), errors);
    }

    private static bool IsRecognized(CustomResourceConversion? before) =>
        before?.Webhook?.ConversionReviewVersions is not { Count: > 0 } versions || versions.Any(Known.Contains);

    private static void CheckClient(WebhookClientConfig client, FieldErrors errors)
    {
        if (client.HasUrl == (client.Service is not null))
            errors.Required(Client, "exactly one of url or service is required");
        else if (client.HasUrl)
            WebhookRules.CheckUrl(client.Url, Client.Child("url"), errors);
        else
            WebhookRules.CheckService(client.Service!.Name, client.Service.Namespace, client.Service.Path, client.Service.HasPort ? client.Service.Port : null, Client.Child("service"), errors);
        WebhookRules.CheckBundle(client.CaBundle, Client.Child("caBundle"), errors);
    }

    private static void CheckVersions(IReadOnlyList<string> versions, bool mustHaveKnown, FieldErrors errors)
    {
        if (versions.Count == 0)
        {
            errors.Required(ReviewVersions);
            return;
        }

        for (var index = 0; index < versions.Count; index++)
        {
            if (versions.Take(index).Contains(versions[index]))
                errors.Invalid(ReviewVersions.Index(index), versions[index], "duplicate version");
            else
                errors.Format(ReviewVersions.Index(index), versions[index], NameFormats.Dns1035Label);
        }

        if (mustHaveKnown && !versions.Any(Known.Contains))
            errors.Invalid(ReviewVersions, versions, $"must include at least one of {string.Join(", ", Known)}");
    }
}
