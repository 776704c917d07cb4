using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Proxy;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>What a connection's query asks for, as the object admission plug-ins see.</summary>
internal static class ConnectOptions
{
    /// <summary>The options, or null: this subresource is no connection to what runs.</summary>
    public static JsonObject? Of(IConnector connector, HttpContext context) => connector.Path switch
    {
        ("pods", "exec") => Stream("PodExecOptions", context.Request.Query),
        ("pods", "attach") => Stream("PodAttachOptions", context.Request.Query),
        ("pods", "portforward") => Ports(context.Request.Query),
        ("pods", "proxy") => Proxy("PodProxyOptions", context),
        ("services", "proxy") => Proxy("ServiceProxyOptions", context),
        ("nodes", "proxy") => Proxy("NodeProxyOptions", context),
        _ => null,
    };

    private static JsonObject Stream(string kind, IQueryCollection query)
    {
        var options = Kind(kind);
        foreach (var flag in (string[])["stdin", "stdout", "stderr", "tty"])
        {
            if (RequestOptions.IsSet(query, flag))
                options[flag] = true;
        }

        if (RequestOptions.Text(query, "container") is { Length: > 0 } container)
            options["container"] = container;
        if (query["command"] is { Count: > 0 } command)
            options["command"] = new JsonArray([.. command.Select(part => (JsonNode)(part ?? ""))]);
        return options;
    }

    private static JsonObject Ports(IQueryCollection query)
    {
        var options = Kind("PodPortForwardOptions");
        var ports = query["ports"].SelectMany(list => (list ?? "").Split(',')).Select(port => int.TryParse(port, out var number) ? number : 0).Where(port => port > 0);
        if (ports.ToList() is { Count: > 0 } numbers)
            options["ports"] = new JsonArray([.. numbers.Select(port => (JsonNode)port)]);
        return options;
    }

    private static JsonObject Proxy(string kind, HttpContext context)
    {
        var options = Kind(kind);
        if (ProxyPath.Of(context) is { Length: > 0 } path)
            options["path"] = path;
        return options;
    }

    private static JsonObject Kind(string kind) => new() { ["kind"] = kind, ["apiVersion"] = "v1" };
}
