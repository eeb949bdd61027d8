module github.com/imgproxy-lite/imgproxy-lite

go 1.19
