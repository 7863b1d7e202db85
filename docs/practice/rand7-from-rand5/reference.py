def rand7(rand5):
    while True:
        x = 5 * rand5() + rand5()  # [0, 25) 上均匀
        if x < 21:
            return x % 7
