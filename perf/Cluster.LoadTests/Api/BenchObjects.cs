using System.Text;

namespace Cluster.LoadTests.Api;

/// <summary>Objects that the works need before they begin.</summary>
internal static class BenchObjects
{
    /// <summary>Namespaces with the account that pods run as, and rights on pods for a user: no controller runs that would make them.</summary>
    public static async Task CreateAsync(HttpClient administrator, string user, IEnumerable<string> namespaces)
    {
        foreach (string name in namespaces)
        {
            await PostAsync(administrator, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + name + "\"}}");
            await PostAsync(administrator, $"/api/v1/namespaces/{name}/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
        }

        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
        await PostAsync(
            administrator, Rbac + "clusterroles",
            "{\"metadata\":{\"name\":\"" + user + "\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\",\"list\",\"watch\",\"create\",\"update\",\"delete\",\"deletecollection\"]}]}");
        await PostAsync(
            administrator, Rbac + "clusterrolebindings",
            "{\"metadata\":{\"name\":\"" + user + "\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"" + user
            + "\"},\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"" + user + "\"}]}");
    }

    /// <summary>Makes pods that are numbered from 0.</summary>
    /// <exception cref="InvalidOperationException">One was refused.</exception>
    public static async Task CreatePodsAsync(MeasuredServer server, string path, string prefix, int count, int concurrency)
    {
        long next = -1;
        LoadOutcome made = await RequestLoad.RunAsync(
            server.Shared(System.Net.HttpVersion.Version20), concurrency,
            () => Interlocked.Increment(ref next) is var number && number < count
                ? server.Request(HttpMethod.Post, path, System.Net.HttpVersion.Version20, Pods.Json(Pods.Name(prefix, number))) : null);
        if (made.Failures > 0) throw new InvalidOperationException($"{made.Failures} of {count} pods were refused");
    }

    private static async Task PostAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"POST {path}: {await response.Content.ReadAsStringAsync()}");
    }
}
