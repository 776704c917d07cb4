using System.Globalization;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

/// <summary>The small kinds, and every kind without columns of its own.</summary>
internal static class CoreColumns
{
    public static TableColumns OfNamespace() => new TableBuilder<Namespace>()
        .Name()
        .Text("Status", "Active, or Terminating while its objects are being deleted.", ns => ns.Status?.Phase ?? "")
        .Age()
        .Build();

    public static TableColumns OfConfigMap() => new TableBuilder<ConfigMap>()
        .Name()
        .Add("Data", "string", "", "Number of keys.", 0, (map, _) => (long)(map.Data.Count + map.BinaryData.Count))
        .Age()
        .Build();

    public static TableColumns OfSecret() => new TableBuilder<Secret>()
        .Name()
        .Text("Type", "What the secret is for.", secret => secret.Type)
        .Add("Data", "string", "", "Number of keys.", 0, (secret, _) => (long)secret.Data.Count)
        .Age()
        .Build();

    public static TableColumns OfServiceAccount() => new TableBuilder<ServiceAccount>()
        .Name()
        .Add("Secrets", "string", "", "Number of secrets that pods of the account may use.", 0, (account, _) => (long)account.Secrets.Count)
        .Age()
        .Build();

    public static TableColumns OfLease() => new TableBuilder<Lease>()
        .Name()
        .Text("Holder", "Who holds the lease.", lease => lease.Spec?.HolderIdentity ?? "")
        .Age()
        .Build();

    public static TableColumns OfAnyKind() => new TableBuilder<IApiObject>()
        .Name()
        .Add("Created At", "date", "", "When the object was created.", 0, (obj, _) => CreatedAt(obj))
        .Build();

    private static string CreatedAt(IApiObject obj) => obj.Metadata?.CreationTimestamp is { } time && !time.IsZero()
        ? time.ToDateTimeOffset().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)
        : "<unknown>";
}
