namespace Cluster.EndToEnd.Tests;

/// <summary>The manifests the tests share; every pod answers with its own name.</summary>
internal static class Manifests
{
    public const string Image = "cluster.local/examples/tools:1";

    /// <summary>Three pods of a replication controller that answer HTTP on 8080 and UDP on 9000, and a service for both.</summary>
    public static string Who(string name, int replicas = 3, string type = "NodePort", string probe = "") => $$$"""
        apiVersion: v1
        kind: ReplicationController
        metadata: {name: "{{{name}}}" }
        spec:
          replicas: {{{replicas}}}
          selector: {app: "{{{name}}}" }
          template:
            metadata: {labels: {app: "{{{name}}}" }}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: http
                image: {{{Image}}}
                command: ["sh", "-c", "hostname > /www/index.html; exec httpd -f -p 8080 -h /www"]
                ports: [{name: http, containerPort: 8080}]
                readinessProbe:
                  httpGet: {path: /{{{probe}}}, port: 8080}
                  periodSeconds: 1
                  failureThreshold: 1
              - name: udp
                image: {{{Image}}}
                command: ["udp-name", "9000"]
                ports: [{name: udp, containerPort: 9000, protocol: UDP}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: "{{{name}}}" }
        spec:
          type: {{{type}}}
          selector: {app: "{{{name}}}" }
          ports:
          - {name: http, port: 80, targetPort: http}
          - {name: udp, port: 9000, targetPort: udp, protocol: UDP}
        """;

    /// <summary>A pod that sends back what it gets and has ten minutes to end, but ends at once when it is told to; and a service before it.</summary>
    public static string Echo(string name, string path) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: "{{{name}}}", labels: {app: "{{{name}}}" }, annotations: {cluster.local/wait-for-connections: "true"} }
        spec:
          terminationGracePeriodSeconds: 600
          containers:
          - name: main
            image: {{{Image}}}
            command: ["sh", "-c", "trap 'exit 0' TERM; nc -ll -p 8080 -e cat & wait"]
            readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: "{{{name}}}", annotations: {cluster.local/path: "{{{path}}}" } }
        spec:
          selector: {app: "{{{name}}}" }
          ports: [{port: 80, targetPort: 8080}]
        """;

    public static string SleepingPod(string name, string more = "") => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: "{{{name}}}", labels: {app: "{{{name}}}" } }
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: {{{Image}}}
            command: ["sleep", "100000"]
        {{{more}}}
        """;
}
